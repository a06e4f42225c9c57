package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

// tokenLife is how long an installation token is good.
const tokenLife = time.Hour

// An identity is who a request comes from.
type identity int

const (
	anyone         identity = iota // no credentials are looked at
	asApp                          // the App itself, with a JWT it signed
	asInstallation                 // an installation, with a token
)

// tokenClaims are what an installation token says. Since April 2026 GitHub keeps no list
// of tokens: ghs_APPID_JWT.
// https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app
type tokenClaims struct {
	jwt.RegisteredClaims
	Installation int64             `json:"installation"`
	Repositories []int64           `json:"repositories,omitempty"` // all of the installation's when empty
	Permissions  map[string]string `json:"permissions"`
}

func (g *GitHub) newToken(app *App, claims *tokenClaims) string {
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(g.secret)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("ghs_%d_%s", app.ID, signed)
}

// authenticate finds out who asks.
func (c *call) authenticate(as identity) error {
	scheme, credentials, _ := strings.Cut(c.request.Header.Get("Authorization"), " ")
	switch {
	case as == anyone:
		return nil
	case !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "token"):
		return &problem{status: http.StatusUnauthorized, message: "Requires authentication"}
	case as == asApp:
		return c.authenticateApp(credentials)
	default:
		return c.authenticateInstallation(credentials)
	}
}

func (c *call) authenticateApp(credentials string) error {
	unauthorized := func(message string) error {
		return &problem{status: http.StatusUnauthorized, message: message}
	}
	var claims jwt.RegisteredClaims
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation())
	_, err := parser.ParseWithClaims(credentials, &claims, func(*jwt.Token) (any, error) {
		id, err := parseID(claims.Issuer)
		if err != nil {
			return nil, err
		}
		app := c.g.apps[id]
		if app == nil {
			return nil, fmt.Errorf("there is no App %d", id)
		}
		c.app = app
		return &app.key.PublicKey, nil
	})
	now := c.g.options.Now()
	switch {
	case err != nil && c.app == nil && claims.Issuer != "":
		return &problem{status: http.StatusNotFound, message: "Integration not found"}
	case err != nil:
		return unauthorized("A JSON web token could not be decoded")
	case claims.ExpiresAt == nil || claims.ExpiresAt.Before(now):
		return unauthorized("'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
	case claims.ExpiresAt.After(now.Add(10 * time.Minute)):
		return unauthorized("'Expiration time' claim ('exp') is too far in the future")
	case claims.IssuedAt == nil || claims.IssuedAt.After(now.Add(time.Minute)):
		return unauthorized("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
	}
	return nil
}

func (c *call) authenticateInstallation(credentials string) error {
	bad := &problem{status: http.StatusUnauthorized, message: "Bad credentials"}
	parts := strings.SplitN(credentials, "_", 3)
	if len(parts) != 3 || parts[0] != "ghs" {
		if strings.Count(credentials, ".") == 2 {
			bad.message = "A JSON web token could not be decoded"
		}
		return bad
	}
	claims := &tokenClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithoutClaimsValidation())
	if _, err := parser.ParseWithClaims(parts[2], claims, func(*jwt.Token) (any, error) { return c.g.secret, nil }); err != nil {
		return bad
	}
	inst := c.g.installations[claims.Installation]
	if inst == nil || claims.ExpiresAt.Before(c.g.options.Now()) || parts[1] != strconv.FormatInt(inst.app.ID, 10) {
		return bad
	}
	c.token, c.installation, c.app = claims, inst, inst.app
	c.log.Installation = inst.ID
	if inst.suspended {
		return suspendedProblem()
	}
	return nil
}

func suspendedProblem() error {
	return &problem{status: http.StatusForbidden, message: "This installation has been suspended"}
}

// authorize finds the repository of the path and checks the permission. A repository that
// the token does not reach is not there, unless it is public and only read.
func (c *call) authorize(r *route) error {
	owner, name := c.request.PathValue("owner"), c.request.PathValue("repo")
	if owner != "" {
		repo := c.g.repository(owner, name)
		if repo == nil || (repo.private && !c.reaches(repo)) {
			return notFound()
		}
		c.repo = repo
		switch {
		case repo.disabled:
			return &problem{status: http.StatusForbidden, message: "Repository access blocked"}
		case c.request.Method == http.MethodGet:
		case !c.reaches(repo):
			return forbidden()
		case repo.archived:
			return &problem{status: http.StatusForbidden, message: "Repository was archived so is read-only."}
		}
	}
	if r.needs != "" && !c.may(r.needs) {
		return forbidden()
	}
	return nil
}

// reaches reports whether the token is for the repository.
func (c *call) reaches(repo *Repository) bool {
	if c.installation == nil || !c.installation.covers(repo) {
		return false
	}
	return len(c.token.Repositories) == 0 || slices.Contains(c.token.Repositories, repo.ID)
}

// may reports whether the token has one of the permissions, and notes which it was.
func (c *call) may(needs string) bool {
	for need := range strings.SplitSeq(needs, "|") {
		name, level, _ := strings.Cut(need, ":")
		has := c.token.Permissions[name]
		if name == "metadata" { // every token has it
			has = "read"
		}
		if has == "admin" || has == "write" || (has == "read" && level == "read") {
			c.g.used[need] = true
			return true
		}
	}
	return false
}
