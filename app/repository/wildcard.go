package repository

import "strings"

// wildcard matches a name without slashes against a pattern of ?, *, [a-z], [!a-z],
// [[:alpha:]] and \x, byte by byte as git does. It goes back to the last star only, so
// its time is at most the product of both lengths. A pattern that is not well formed
// matches nothing.
func wildcard(pattern, name string) bool {
	p, n := 0, 0
	star, from := -1, 0
	for n < len(name) {
		if p < len(pattern) && pattern[p] == '*' {
			star, from = p, n
			p++
			continue
		}
		if size, ok := matchOne(pattern[p:], name[n]); ok {
			p, n = p+size, n+1
			continue
		}
		if star < 0 {
			return false
		}
		from++
		p, n = star+1, from
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchOne matches one byte against the start of a pattern, which may be empty, and
// says how long that start is.
func matchOne(pattern string, c byte) (size int, ok bool) {
	if pattern == "" {
		return 0, false
	}
	switch pattern[0] {
	case '?':
		return 1, true
	case '\\':
		return 2, len(pattern) > 1 && pattern[1] == c
	case '[':
		return matchClass(pattern, c)
	default:
		return 1, pattern[0] == c
	}
}

// matchClass matches a byte against a class such as [!a-z_[:digit:]].
func matchClass(pattern string, c byte) (size int, ok bool) {
	i := 1
	negated := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if negated {
		i++
	}
	matched := false
	for first := true; ; first = false {
		if i >= len(pattern) {
			return 0, false
		}
		if pattern[i] == ']' && !first {
			return i + 1, matched != negated
		}
		if rest, named := strings.CutPrefix(pattern[i:], "[:"); named {
			name, _, closed := strings.Cut(rest, ":]")
			if closed {
				in, known := inClass(name, c)
				if !known {
					return 0, false
				}
				matched = matched || in
				i += len(name) + len("[::]")
				continue
			}
		}
		low, n := literal(pattern[i:])
		if n == 0 {
			return 0, false
		}
		i += n
		high := low
		if i+1 < len(pattern) && pattern[i] == '-' && pattern[i+1] != ']' {
			if high, n = literal(pattern[i+1:]); n == 0 {
				return 0, false
			}
			i += 1 + n
		}
		matched = matched || low <= c && c <= high
	}
}

// literal is the first byte of a class, maybe after a backslash.
func literal(pattern string) (c byte, size int) {
	if pattern[0] != '\\' {
		return pattern[0], 1
	}
	if len(pattern) == 1 {
		return 0, 0
	}
	return pattern[1], 2
}

// inClass reports whether an ASCII byte is in a POSIX class, and whether there is such
// a class.
func inClass(name string, c byte) (in, known bool) {
	lower := 'a' <= c && c <= 'z'
	upper := 'A' <= c && c <= 'Z'
	digit := '0' <= c && c <= '9'
	graph := '!' <= c && c <= '~'
	switch name {
	case "alnum":
		return lower || upper || digit, true
	case "alpha":
		return lower || upper, true
	case "blank":
		return c == ' ' || c == '\t', true
	case "cntrl":
		return c < ' ' || c == 0x7f, true
	case "digit":
		return digit, true
	case "graph":
		return graph, true
	case "lower":
		return lower, true
	case "print":
		return graph || c == ' ', true
	case "punct":
		return graph && !lower && !upper && !digit, true
	case "space":
		return c == ' ' || '\t' <= c && c <= '\r', true
	case "upper":
		return upper, true
	case "xdigit":
		return digit || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F', true
	}
	return false, false
}
