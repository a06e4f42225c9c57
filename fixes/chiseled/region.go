package chiseled

import (
	"slices"
	"strings"

	"github.com/chiselbot/chiselbot/checks/dockerfile"
)

// region takes in a command that sets the time zone of the system, or makes locales of the
// C library. .NET asks TZ for its time zone before any file, and gets its cultures from ICU.
// https://learn.microsoft.com/dotnet/api/system.timezoneinfo.local
// https://learn.microsoft.com/dotnet/core/extensions/globalization-icu
func (j *job) region(name string, args []dockerfile.ShellWord, output string) bool {
	words := []string{}
	for _, a := range args {
		if !strings.HasPrefix(a.Value, "-") {
			words = append(words, strings.Trim(a.Value, `"`))
		}
	}
	last := ""
	if len(words) > 0 {
		last = words[len(words)-1]
	}
	switch name {
	case "ln", "cp":
		zone, ok := "", len(words) == 2 && last == "/etc/localtime" && output == ""
		if ok {
			zone, ok = strings.CutPrefix(words[0], "/usr/share/zoneinfo/")
		}
		return ok && j.inZone(zone)
	case "echo", "printf":
		switch output {
		case "/etc/timezone":
			return len(words) == 1 && j.inZone(last)
		case "/etc/locale.gen", "/etc/default/locale", "/etc/locale.conf":
			j.locales()
			return true
		}
	case "dpkg-reconfigure":
		if last == "locales" {
			j.locales()
		}
		return last == "locales" || last == "tzdata"
	case "locale-gen", "update-locale", "localedef":
		j.locales()
		return output == ""
	case "sed":
		if last == "/etc/locale.gen" && output == "" {
			j.locales()
			return true
		}
	}
	return false
}

func (j *job) locales() {
	j.drop("locales of the C library are not what .NET has its cultures from: that is ICU, by `LANG` and `LC_ALL`")
}

// inZone takes in that files of the system name a time zone. Where TZ says the same to .NET
// nothing has to be done; where nothing does, TZ is set.
func (j *job) inZone(zone string) bool {
	tz, set := j.stage.State().Env["TZ"]
	set = set && tz.Origin != nil
	switch {
	case zone == "$TZ" || zone == "${TZ}":
		if !set {
			return false
		}
	case strings.Trim(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") != "", zone == "":
		return false
	case set && (!tz.Known || tz.Value != zone):
		return false
	case !set:
		if j.zone != "" && j.zone != zone {
			return false
		}
		j.zone = zone
		return true
	}
	if why := "`TZ` gives .NET its time zone"; !slices.Contains(j.drops, why) {
		j.drop(why)
	}
	return true
}
