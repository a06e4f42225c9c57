package chiseled

import (
	"encoding/json"
	"strings"

	"github.com/chiselbot/chiselbot/checks/source"
)

// A setting is a text in a JSON file.
type setting struct {
	name, value string
	at          source.Span // of the value with its quotes
}

// addresses are the settings of an appsettings.json that tell the server where to listen:
// Kestrel's endpoints and urls. .NET takes comments and commas before a closing bracket too;
// a file that it could not read says nothing.
// https://learn.microsoft.com/aspnet/core/fundamentals/servers/kestrel/endpoints
func addresses(text *source.File) []setting {
	const bom = "\ufeff"
	body := strings.TrimPrefix(text.Text(), bom)
	shift := len(text.Text()) - len(body)
	d := json.NewDecoder(strings.NewReader(strict(body)))
	var found []setting
	var path []string // the keys down to here; a number of an array is empty
	var walk func() bool
	walk = func() bool {
		token, err := d.Token()
		if err != nil {
			return false
		}
		switch t := token.(type) {
		case json.Delim:
			for d.More() {
				key := ""
				if t == '{' {
					k, err := d.Token()
					if err != nil {
						return false
					}
					key, _ = k.(string)
				}
				if len(path) > 100 {
					return false
				}
				path = append(path, strings.ToLower(key))
				ok := walk()
				path = path[:len(path)-1]
				if !ok {
					return false
				}
			}
			_, err := d.Token()
			return err == nil
		case string:
			if kestrel := len(path) == 4 && path[0] == "kestrel" && path[1] == "endpoints" && path[3] == "url"; kestrel || len(path) == 1 && path[0] == "urls" {
				end := shift + int(d.InputOffset())
				start := strings.LastIndex(text.Text()[:end-1], `"`)
				name := "urls"
				if kestrel {
					name = "Kestrel:Endpoints"
				}
				found = append(found, setting{name, t, source.Span{Start: start, End: end}})
			}
		}
		return true
	}
	if !walk() {
		return nil
	}
	return found
}

// strict is a text of JSON with spaces where .NET's settings may have more than JSON has:
// comments, and commas before a closing bracket. All else stays where it is.
// https://github.com/dotnet/runtime/blob/main/src/libraries/Microsoft.Extensions.Configuration.Json/src/JsonConfigurationFileParser.cs
func strict(text string) string {
	out := []byte(text)
	blank := func(start, end int) {
		for n := start; n < end; n++ {
			if out[n] != '\n' {
				out[n] = ' '
			}
		}
	}
	comma := -1 // the last one, where nothing but spaces is behind it
	for n := 0; n < len(text); n++ {
		switch {
		case text[n] == '"':
			comma = -1
			for n++; n < len(text) && text[n] != '"'; n++ {
				if text[n] == '\\' {
					n++
				}
			}
		case strings.HasPrefix(text[n:], "//"):
			end := len(text)
			if length := strings.IndexByte(text[n:], '\n'); length >= 0 {
				end = n + length
			}
			blank(n, end)
			n = end - 1
		case strings.HasPrefix(text[n:], "/*"):
			length := strings.Index(text[n+len("/*"):], "*/")
			if length < 0 {
				return text
			}
			end := n + len("/*") + length + len("*/")
			blank(n, end)
			n = end - 1
		case text[n] == ',':
			comma = n
		case text[n] == '}' || text[n] == ']':
			if comma >= 0 {
				out[comma] = ' '
			}
			comma = -1
		case !strings.ContainsRune(" \t\r\n", rune(text[n])):
			comma = -1
		}
	}
	return string(out)
}
