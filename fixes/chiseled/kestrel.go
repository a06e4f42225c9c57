package chiseled

import (
	"regexp"
	"strings"

	"github.com/chiselbot/chiselbot/checks/source"
	"github.com/chiselbot/chiselbot/fixes"
)

var (
	// endpoint is where C# tells the server where to listen.
	endpoint = regexp.MustCompile(`\b(?:ListenAnyIP|ListenLocalhost|ListenUnixSocket|ListenNamedPipe|UseUrls)\s*\(\s*[^\s)]|\.Listen\s*\(\s*(?:IPAddress|IPEndPoint|new\s+IPEndPoint|endpoint|endPoint)\b|\.Urls\s*\.\s*Add\s*\(`)
	// kestrel is where C# configures the server, be it where it listens or anything else.
	kestrel = regexp.MustCompile(`\b(?:ConfigureKestrel|UseKestrel)\s*\(\s*[^\s)]`)
	// lambda is the beginning of a function without a name, with its last parameter.
	lambda = regexp.MustCompile(`^\s*(?:\(\s*(?:\w+\s*,\s*)?(\w+)\s*\)|(\w+))\s*=>`)
)

// Bounds on what is read of a file: the arguments of one call, and how many calls.
const (
	maxArguments = 8 << 10
	maxCalls     = 20
)

// listensInSource is where the source says where the server listens.
// https://learn.microsoft.com/aspnet/core/fundamentals/servers/kestrel/endpoints
func (m *migration) listensInSource() (at fixes.Place, found bool) {
	m.source(func(text *source.File) bool {
		for _, re := range []*regexp.Regexp{kestrel, endpoint} {
			looked := 0
			for _, span := range re.FindAllStringIndex(text.Text(), -1) {
				line := strings.TrimSpace(text.LineText(text.LineAt(span[0])))
				if strings.HasPrefix(line, "//") {
					continue
				}
				if looked++; looked <= maxCalls && re == kestrel && !mayListen(text.Text()[span[1]-1:]) {
					continue
				}
				at, found = fixes.Place{File: text, Span: source.Span{Start: span[0], End: span[1] - 1}}, true
				return false
			}
		}
		return true
	})
	return at, found
}

// mayListen reports whether what stands from the argument of ConfigureKestrel on may say
// where the server listens: always, but where it is a function that is written out and
// neither listens, nor reads configuration, nor hands the options on.
func mayListen(rest string) bool {
	argument, ok := callArguments(rest)
	if !ok {
		return true
	}
	head := lambda.FindStringSubmatch(argument)
	if head == nil {
		return true
	}
	options, body := head[1]+head[2], argument[len(head[0]):]
	if strings.Contains(body, "Listen") || strings.Contains(body, "Configure(") || strings.Contains(body, "Endpoint") {
		return true
	}
	return regexp.MustCompile(`[(,]\s*` + regexp.QuoteMeta(options) + `\s*[,)]|=\s*` + regexp.QuoteMeta(options) + `\s*[;,)]`).MatchString(body)
}

// callArguments is the text up to the parenthesis that closes a call; false where that is
// not near.
func callArguments(text string) (string, bool) {
	text = text[:min(len(text), maxArguments)]
	depth := 0
	for n := 0; n < len(text); n++ {
		switch text[n] {
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				return text[:n], true
			}
		case '"', '\'':
			end := n + 1
			for end < len(text) && text[end] != text[n] && text[end] != '\n' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			n = end
		}
	}
	return "", false
}
