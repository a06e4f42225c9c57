package rules

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// saysSecret reports whether a variable's name says that it holds a secret, and not a
// file with one, its address, its length or the like: DB_PASSWORD, Smtp__Password,
// NPM_TOKEN, JWT_SECRET_KEY; not TOKEN_URL, PASSWORD_FILE, SSH_AUTH_SOCK, GPG_KEY.
func saysSecret(name string) bool {
	words := nameWords(name)
	if len(words) == 0 || slices.ContainsFunc(words, func(w string) bool {
		return slices.Contains([]string{"public", "pub", "dummy", "fake", "example", "sample", "no", "without", "cancellation"}, w)
	}) {
		return false
	}
	for len(words) > 1 && slices.Contains([]string{"prod", "production", "dev", "development", "test", "staging", "ci", "base", "default", "value"}, words[len(words)-1]) {
		words = words[:len(words)-1] // SECRET_KEY_BASE, DB_PASSWORD_DEV
	}
	last, before := words[len(words)-1], ""
	if len(words) > 1 {
		before = words[len(words)-2]
	}
	switch last {
	case "pwd", "pass", "psw", "pat", "sas":
		return before != "" && before != "old" // PWD alone is the working folder
	case "key":
		return slices.Contains([]string{"access", "account", "api", "encryption", "jwt", "license", "private", "secret", "service", "shared", "signing", "ssh", "storage", "subscription"}, before)
	case "credential", "credentials":
		return before != "application" // Google's is a path
	case "id":
		return strings.HasSuffix(strings.Join(words, "_"), "access_key_id")
	}
	return isPassword(last) || slices.ContainsFunc([]string{"secret", "token", "apikey", "accesskey", "secretkey", "privatekey"}, func(s string) bool { return strings.HasSuffix(last, s) })
}

// isPassword reports whether the last word of a name means a password: a short or
// simple value is one too.
func isPassword(word string) bool {
	return slices.ContainsFunc([]string{"password", "passwd", "pword", "passphrase", "pwd", "psw"}, func(s string) bool { return strings.HasSuffix(word, s) }) || word == "pass"
}

// nameWords splits a name at what is no letter or digit and before capitals, in lower
// case: Jwt__SigningKey is jwt, signing and key.
func nameWords(name string) []string {
	var words []string
	start, runes := 0, []rune(name)
	cut := func(end int) {
		if end > start {
			words = append(words, strings.ToLower(string(runes[start:end])))
		}
		start = end
	}
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			cut(i)
			start = i + 1
		case i > 0 && unicode.IsUpper(r) && unicode.IsLower(runes[i-1]):
			cut(i)
		}
	}
	cut(len(runes))
	return slices.DeleteFunc(words, func(w string) bool { return strings.Trim(w, "0123456789") == "" }) // DB_PASSWORD_2
}

// isSecretValue reports whether the value of a variable whose name says secret is one:
// text of its own, and no placeholder, path, address, switch or public key.
func isSecretValue(name, value string) bool {
	words := nameWords(name)
	switch {
	case value == "" || hasVariable(value) || isPlaceholder(value) || strings.EqualFold(value, name):
		return false
	case isSwitch(value), isPath(value), isReference(value):
		return false
	case len(words) > 0 && (isPassword(words[len(words)-1]) || strings.HasSuffix(words[len(words)-1], "secret")):
		return true
	}
	return len(value) >= 8 && strings.Trim(value, "0123456789") != ""
}

// hasVariable reports whether a value takes a part from a variable: $name or ${name}.
func hasVariable(value string) bool {
	for i := 0; i+1 < len(value); i++ {
		if value[i] != '$' {
			continue
		}
		switch c := value[i+1]; {
		case c == '{', c == '(', c == '_', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			return true
		case c == '$':
			i++
		}
	}
	return false
}

var placeholder = regexp.MustCompile(`(?i)^(<.*>|\{\{.*\}\}|\[.*\]|%.*%|#\{.*\}#?|__.*__|[x*.?-]{3,}|` +
	`(please[ _-]?)?(change|replace|set|insert|fill|enter|put|use)[ _-]?(me|this|it|in|your|here)\b.*|my[ _-](super[ _-])?(api|access|auth|secret|private|token).*|` +
	`(your|some|any)([ _-].*)?|.*(place[ _-]?holder|dummy|example|redacted|not[ _-]?(a[ _-]?)?(real|secret|set|used)|\btodo\b|\btbd\b).*)$`)

// isPlaceholder reports whether a value only stands where a secret is to come.
func isPlaceholder(value string) bool {
	distinct := map[rune]bool{}
	for _, r := range value {
		distinct[r] = true
	}
	return placeholder.MatchString(value) || len(value) > 3 && len(distinct) == 1
}

func isSwitch(value string) bool {
	return slices.Contains([]string{"0", "1", "true", "false", "yes", "no", "on", "off", "none", "null", "nil", "undefined", "enabled", "disabled", "required", "optional"}, strings.ToLower(value))
}

// isPath reports whether a value is the path or the name of a file.
func isPath(value string) bool {
	if strings.ContainsAny(value, " \t") {
		return false
	}
	if strings.HasPrefix(value, "./") || strings.HasPrefix(value, "../") || strings.HasPrefix(value, "~/") || strings.HasPrefix(value, `C:\`) ||
		strings.HasPrefix(value, "/") && strings.Trim(value, "=") == value && !strings.Contains(value, "+") {
		return true
	}
	switch strings.ToLower(path.Ext(value)) {
	case ".pem", ".key", ".pfx", ".p12", ".crt", ".cer", ".json", ".txt", ".snk", ".jks", ".xml", ".yml", ".yaml", ".env", ".pub", ".token":
		return true
	}
	return false
}

// isReference reports whether a value only says where the secret is kept, or is public.
func isReference(value string) bool {
	for _, prefix := range []string{
		"vault:", "op://", "arn:", "ref+", "secretref:", "secret://", "env:", "file:", "@Microsoft.KeyVault(",
		"ssh-rsa ", "ssh-ed25519 ", "ecdsa-", "-----BEGIN PUBLIC KEY", "-----BEGIN CERTIFICATE", "http://", "https://",
	} {
		if strings.HasPrefix(value, prefix) {
			return !strings.HasPrefix(prefix, "http") || !strings.Contains(value, "@")
		}
	}
	return false
}

// tokenFormats are secrets that show by themselves what they are.
// https://docs.github.com/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
var tokenFormats = []struct {
	name    string
	pattern *regexp.Regexp
	whole   bool // the pattern is only the head of what follows
}{
	{"a GitHub token", regexp.MustCompile(`\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})`), false},
	{"a GitLab token", regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{20,}`), false},
	{"an AWS access key", regexp.MustCompile(`\b(AKIA|ASIA)[0-9A-Z]{16}\b`), false},
	{"a Slack token", regexp.MustCompile(`\bxox[abprs]-[A-Za-z0-9-]{10,}`), false},
	{"an npm token", regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}\b`), false},
	{"a NuGet key", regexp.MustCompile(`\boy2[a-z0-9]{43}\b`), false},
	{"a Google API key", regexp.MustCompile(`\bAIza[0-9A-Za-z_-]{35}`), false},
	{"a Stripe key", regexp.MustCompile(`\b[sr]k_live_[0-9A-Za-z]{20,}`), false},
	{"an Azure storage key", regexp.MustCompile(`\bAccountKey=[A-Za-z0-9+/]{40,}={0,2}`), false},
	{"a private key", regexp.MustCompile(`-{5}BEGIN [A-Z ]*PRIVATE KEY-{5}`), true},
}

var (
	passwordInURL     = regexp.MustCompile(`\b[a-zA-Z][a-zA-Z0-9+.-]*://([^/\s:@'"]*):([^/\s@'"]+)@[\w.$\[{-]`)
	passwordInOptions = regexp.MustCompile(`(?i)(?:^|[;,"'\s])(?:password|pwd)\s*=\s*([^;,"']+)`)
	otherOption       = regexp.MustCompile(`(?i)(?:^|[;"'\s])(?:server|host|data source|user id|uid|user|username|database|initial catalog|ssl)\s*=|:[0-9]+,`)
)

// secretIn says what secret a text shows by itself, and which part of it that is: a token
// by its format, a password in an address or in a connection string. Both are empty where
// it shows none.
func secretIn(text string) (what, secret string) {
	for _, f := range tokenFormats {
		at := f.pattern.FindStringIndex(text)
		if at == nil {
			continue
		}
		if f.whole {
			return f.name, text[at[0]:]
		}
		if found := text[at[0]:at[1]]; !isPlaceholder(found) && distinctBytes(found) > 8 {
			return f.name, found
		}
	}
	for _, m := range passwordInURL.FindAllStringSubmatch(text, 4) {
		user, password := m[1], m[2]
		if !hasVariable(password) && !isPlaceholder(password) && !(user == "guest" && password == "guest") && strings.Trim(password, "0123456789") != "" {
			return "a password in an address", password
		}
	}
	if m := passwordInOptions.FindStringSubmatch(text); m != nil && otherOption.MatchString(text) {
		if password := strings.TrimSpace(m[1]); !strings.Contains(password, "(") && !hasVariable(password) && !isPlaceholder(password) && password != "" {
			return "a password in a connection string", password
		}
	}
	return "", ""
}

func distinctBytes(s string) int {
	seen := map[byte]bool{}
	for i := range len(s) {
		seen[s[i]] = true
	}
	return len(seen)
}
