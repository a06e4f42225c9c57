package main

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// registerInBrowser does what a person does on the setup page.
func registerInBrowser(t *testing.T, server, token, host string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	visit := func(method, address string, form url.Values) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d\n%s", address, resp.StatusCode, body)
		}
		return string(body)
	}
	visit(http.MethodGet, server+"/setup?token="+token, nil)
	page := visit(http.MethodPost, server+"/setup", url.Values{"owner": {"organization"}, "organization": {"acme"}, "name": {"chiselbot 2"}, "url": {server}, "host": {host}})
	find := func(pattern string) string {
		t.Helper()
		found := regexp.MustCompile(pattern).FindStringSubmatch(page)
		if found == nil {
			t.Fatalf("no %s in\n%s", pattern, page)
		}
		return html.UnescapeString(found[1])
	}
	done := visit(http.MethodPost, find(`action="(http[^"]+)"`), url.Values{"manifest": {find(`name="manifest" value="([^"]+)"`)}})
	if !strings.Contains(done, "is registered") {
		t.Fatalf("the last page:\n%s", done)
	}
}
