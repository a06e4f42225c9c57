package base

import (
	"strings"
	"time"
)

// systemEnds are the last days of support of distributions' releases, by repository and
// the first part of the tag: standard support, which costs nothing.
// https://wiki.ubuntu.com/Releases
// https://wiki.debian.org/DebianReleases (long-term support)
// https://alpinelinux.org/releases/
var systemEnds = map[string]map[string]time.Time{
	"ubuntu": {
		"14.04": day(2019, time.April, 25), "trusty": day(2019, time.April, 25),
		"16.04": day(2021, time.April, 30), "xenial": day(2021, time.April, 30),
		"18.04": day(2023, time.May, 31), "bionic": day(2023, time.May, 31),
		"20.04": day(2025, time.May, 31), "focal": day(2025, time.May, 31),
		"22.04": day(2027, time.June, 1), "jammy": day(2027, time.June, 1),
		"24.04": day(2029, time.May, 31), "noble": day(2029, time.May, 31),
		"26.04": day(2031, time.May, 29), "resolute": day(2031, time.May, 29),
	},
	"debian": {
		"8": day(2020, time.June, 30), "jessie": day(2020, time.June, 30),
		"9": day(2022, time.June, 30), "stretch": day(2022, time.June, 30),
		"10": day(2024, time.June, 30), "buster": day(2024, time.June, 30),
		"11": day(2026, time.August, 31), "bullseye": day(2026, time.August, 31),
		"12": day(2028, time.June, 30), "bookworm": day(2028, time.June, 30),
		"13": day(2030, time.June, 30), "trixie": day(2030, time.June, 30),
	},
	"alpine": {
		"3.2": day(2017, time.May, 1), "3.3": day(2017, time.November, 1), "3.4": day(2018, time.May, 1), "3.5": day(2018, time.November, 1),
		"3.6": day(2019, time.May, 1), "3.7": day(2019, time.November, 1), "3.8": day(2020, time.May, 1), "3.9": day(2020, time.November, 1),
		"3.10": day(2021, time.May, 1), "3.11": day(2021, time.November, 1), "3.12": day(2022, time.May, 1), "3.13": day(2022, time.November, 1),
		"3.14": day(2023, time.May, 1), "3.15": day(2023, time.November, 1), "3.16": day(2024, time.May, 23),
		"3.17": day(2024, time.November, 22), "3.18": day(2025, time.May, 9), "3.19": day(2025, time.November, 1),
		"3.20": day(2026, time.April, 1), "3.21": day(2026, time.November, 1), "3.22": day(2027, time.May, 1), "3.23": day(2027, time.November, 1),
	},
	"centos": {
		"6": day(2020, time.November, 30), "centos6": day(2020, time.November, 30),
		"7": day(2024, time.June, 30), "centos7": day(2024, time.June, 30),
		"8": day(2021, time.December, 31), "centos8": day(2021, time.December, 31),
	},
}

// LongestSupportedSystem is the release of a distribution that is in support on that day
// and stays so for the longest time, as the number that tags have, and its last day; empty
// where the table has none.
func LongestSupportedSystem(ref Reference, on time.Time) (tag string, ends time.Time) {
	ends = on
	for release, at := range systemEnds[canonical(ref)] {
		if '0' <= release[0] && release[0] <= '9' && at.After(ends) {
			tag, ends = release, at
		}
	}
	return tag, ends
}

// distrolessEnds is the last day of support of one of Google's images on a release of
// Debian, zero where it is not known. The publisher names months; those on Debian 11 had a
// year, or three months, from the release of Debian 12 on.
// https://github.com/GoogleContainerTools/distroless/blob/main/SUPPORT_POLICY.md
func distrolessEnds(image, debian string) time.Time {
	var system, language, python time.Time
	switch debian {
	case "-debian11":
		system, language, python = day(2024, time.June, 10), day(2023, time.September, 10), day(2023, time.September, 10)
	case "-debian12":
		system, language, python = day(2026, time.September, 30), day(2026, time.January, 31), day(2026, time.April, 30)
	}
	switch {
	case strings.HasPrefix(image, "java"), strings.HasPrefix(image, "nodejs"):
		return language
	case strings.HasPrefix(image, "python"):
		return python
	}
	return system
}

// OnLaterDebian is one of Google's images on the release of Debian whose end of support is
// still open, false where there is none: Node.js below 22 is not built there.
// https://github.com/GoogleContainerTools/distroless#what-images-are-available
func OnLaterDebian(ref Reference) (Reference, bool) {
	name, older := strings.CutPrefix(ref.Repository, "gcr.io/distroless/")
	at := strings.LastIndex(name, "-debian")
	if !older || at < 0 || name[at:] == "-debian13" || strings.HasPrefix(name, "nodejs18") || strings.HasPrefix(name, "nodejs20") {
		return Reference{}, false
	}
	later := Reference{Repository: "gcr.io/distroless/" + name[:at] + "-debian13", Tag: ref.Tag}
	_, known := Lookup(later)
	return later, known
}

// endOfLife is the last day of support of a distribution's release by its tag, zero
// where it is not known.
func endOfLife(repository, tag string) time.Time {
	dates := systemEnds[repository]
	word, _, _ := strings.Cut(tag, "-")
	if at, ok := dates[word]; ok {
		return at
	}
	// 3.18.4 is a patch of 3.18, 12.5 of 12.
	for i := strings.LastIndexByte(word, '.'); i > 0; i = strings.LastIndexByte(word[:i], '.') {
		if at, ok := dates[word[:i]]; ok {
			return at
		}
	}
	return time.Time{}
}
