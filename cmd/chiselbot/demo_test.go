package main

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestDemoOpen opens the pages, comments there and gets an answer, until it is interrupted.
func TestDemoOpen(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out, errs lockedBuffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, testProgram(strings.NewReader(""), &out, &errs, nil), []string{"demo", "--open"})
	}()
	b := &served{t: t, ended: make(chan struct{})}
	var root string
	b.await("it told its address", func() bool {
		found := regexp.MustCompile(`http://(\S+)/cats/encyclopedia/pulls`).FindStringSubmatch(out.String())
		if found != nil {
			root, b.listen = "http://"+found[1], found[1]
		}
		return found != nil
	})
	resp, err := http.PostForm(root+"/cats/encyclopedia/pull/1/comment", url.Values{"body": {"/chisel explain ports-apart"}}) //nolint:noctx // it is answered at once
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b.await("the App answered", func() bool {
		_, page := b.get("/cats/encyclopedia/pull/1")
		return strings.Contains(page, "<strong>Ports that do not meet</strong>")
	})
	interrupt()
	select {
	case code := <-ended:
		if code != exitPassed || errs.String() != "" {
			t.Errorf("exit code %d: %s", code, errs.String())
		}
	case <-time.After(longest):
		t.Fatal("it does not end")
	}
}
