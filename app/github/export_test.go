package github

// Endpoint is where a host has its two APIs.
func Endpoint(host string) (rest, graphql string, err error) {
	e, err := endpointOf(host)
	if err != nil {
		return "", "", err
	}
	return e.rest.String(), e.graphql.String(), nil
}
