package charts

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"strings"
)

// A Place is where charts may be fetched from: a host, and a folder of it.
type Place struct {
	host string // in lower case, with its port if it has one; "*." at its start for all below
	path string // cleaned, "/" for all
}

// ParsePlace reads HOST[:PORT][/PATH]. A host that begins with "*." stands for all below
// it, but not for addresses of private networks: those are reached only by their names.
func ParsePlace(text string) (Place, error) {
	rest := text
	for _, scheme := range []string{"oci://", "https://"} {
		rest = strings.TrimPrefix(rest, scheme)
	}
	host, folder, _ := strings.Cut(rest, "/")
	u, err := url.Parse("https://" + strings.TrimPrefix(host, "*."))
	if err != nil || u.Host == "" || u.User != nil || u.Host != strings.TrimPrefix(host, "*.") || strings.ContainsAny(rest, "?#% ") || strings.Contains(u.Host, "*") {
		return Place{}, fmt.Errorf("%q is not a place like ghcr.io/my-org", text)
	}
	return Place{host: standard(strings.ToLower(host)), path: path.Clean("/" + folder)}, nil
}

// standard is a host without the port that it has anyway.
func standard(host string) string { return strings.TrimSuffix(host, ":443") }

// covers reports whether the place has that host, and whether it does so by its very name.
func (p Place) covers(host string) (covered, byName bool) {
	host = standard(strings.ToLower(host))
	if below, wild := strings.CutPrefix(p.host, "*"); wild {
		return strings.HasSuffix(host, below) && len(host) > len(below), false
	}
	return p.host == host, p.host == host
}

// allows reports whether a repository lies in one of the places. An error says that it is
// no address of a repository.
func allows(places []Place, repository string) (bool, error) {
	u, err := url.Parse(repository)
	if err != nil || u.Host == "" || u.Scheme != "oci" && u.Scheme != "https" {
		return false, fmt.Errorf("read repository %q: it is not an address like https://host/path or oci://host/path", repository)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false, errors.New("read repository: its address has a password, a query or a fragment, which are not sent")
	}
	at := path.Clean("/" + u.Path)
	if at != "/"+strings.Trim(u.EscapedPath(), "/") {
		return false, fmt.Errorf("read repository %q: its path is written in a roundabout way", repository)
	}
	for _, p := range places {
		if covered, _ := p.covers(u.Host); covered && (p.path == "/" || at == p.path || strings.HasPrefix(at, p.path+"/")) {
			return true, nil
		}
	}
	return false, nil
}

// reaches reports whether requests may go to a host, and whether any place names it.
func reaches(places []Place, host string) (covered, byName bool) {
	for _, p := range places {
		c, n := p.covers(host)
		covered, byName = covered || c, byName || n
	}
	return covered, byName
}

// public reports whether an address is one of the internet rather than of this machine, of
// a network of one's own, or of a cloud's metadata service.
func public(ip net.IP) bool {
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !carrier.Contains(ip) && !translated(ip)
}

// carrier are the addresses between a provider and its customers, which clouds use inside
// (https://datatracker.ietf.org/doc/html/rfc6598).
var carrier = &net.IPNet{IP: net.IPv4(100, 64, 0, 0).To4(), Mask: net.CIDRMask(10, 32)}

// translated reports whether an address stands for one of IPv4 behind a gateway
// (https://datatracker.ietf.org/doc/html/rfc6052), which may be any.
func translated(ip net.IP) bool {
	return ip.To4() == nil && strings.HasPrefix(ip.String(), "64:ff9b:")
}
