package app

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// A Subject is what a check run is about: a pull request, or, without a number, a merge
// group on top of a base.
type Subject struct {
	Number int
	Base   string
}

// externalID names one run: the same subject at the same head, compared with the same
// branch and asked for in the same words, is the same run. The subject can be read back,
// because GitHub does not say which pull request a run of a fork's head belongs to.
func externalID(s Subject, head, branch, again string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{head, branch, again}, "\x00")))
	what := "group/" + s.Base
	if s.Number > 0 {
		what = "pull/" + strconv.Itoa(s.Number)
	}
	return what + "/" + hex.EncodeToString(sum[:8])
}

// nextID is the external id of a run that was begun anew.
func nextID(id string, generation int) string {
	if generation == 0 {
		return id
	}
	return fmt.Sprintf("%s/%d", id, generation)
}

// SubjectOf reads the subject of one of our external ids.
func SubjectOf(externalID string) (Subject, bool) {
	what, rest, _ := strings.Cut(externalID, "/")
	value, _, ok := strings.Cut(rest, "/")
	if !ok {
		return Subject{}, false
	}
	switch what {
	case "pull":
		n, err := strconv.Atoi(value)
		return Subject{Number: n}, err == nil && n > 0
	case "group":
		return Subject{Base: value}, isCommit(value)
	}
	return Subject{}, false
}

// isCommit reports whether s is the full name of a commit, by SHA-1 or SHA-256.
func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}
