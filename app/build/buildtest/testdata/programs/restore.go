package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// restore fetches the packages of the projects here from the feed that a nuget.config
// names, as NuGet does: the feed's index says where packages are. Without the file there is
// nothing to fetch.
// https://learn.microsoft.com/nuget/api/package-base-address-resource
func restore() error {
	settings, err := os.ReadFile("nuget.config")
	if err != nil {
		return nil
	}
	source := regexp.MustCompile(`<add key="[^"]*" value="(https?://[^"]+)"`).FindSubmatch(settings)
	if source == nil {
		return nil
	}
	index, err := fetch(string(source[1]))
	if err != nil {
		return fmt.Errorf("error NU1301: Unable to load the service index for source %s.\n  %w", source[1], err)
	}
	base := regexp.MustCompile(`"@id": *"([^"]+)", *"@type": *"PackageBaseAddress/3.0.0"`).FindSubmatch(index)
	if base == nil {
		return fmt.Errorf("error NU1301: the service index has no package base address")
	}
	projects, _ := filepath.Glob("*.csproj")
	for _, project := range projects {
		text, err := os.ReadFile(project)
		if err != nil {
			return err
		}
		for _, m := range regexp.MustCompile(`<PackageReference Include="([^"]+)" Version="([^"]+)"`).FindAllSubmatch(text, -1) {
			name, version := strings.ToLower(string(m[1])), string(m[2])
			file := name + "." + version + ".nupkg"
			packed, err := fetch(string(base[1]) + name + "/" + version + "/" + file)
			if err != nil {
				return fmt.Errorf("error NU1301: Failed to retrieve %s.\n  %w", file, err)
			}
			if err := write("/root/.nuget/packages/"+name+"/"+file, string(packed), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// fetch gets a file as .NET does: through the proxy that the environment names, and from
// whom the system's certificates vouch for.
func fetch(address string) ([]byte, error) {
	client := http.Client{Timeout: 10 * time.Second}
	answer, err := client.Get(address)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("Response status code does not indicate success: %s.", answer.Status)
	}
	return io.ReadAll(answer.Body)
}
