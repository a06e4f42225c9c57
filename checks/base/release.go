package base

import "time"

// A release is one .NET version and the images it has.
type release struct {
	version string
	// released is the day from which previews of it get no updates any more, zero where
	// that is not known; ends is its last day of support, likewise.
	released, ends time.Time
	// distro is what tags without a distribution are built on.
	distro string
	// chiseled are the Ubuntu releases with chiseled images, the preferred one first.
	chiseled []string
	// composite says that aspnet has composite chiseled images.
	composite bool
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}

// releases are the .NET versions, oldest first. Days of release are left out where no
// preview of the version was published as an image under today's names.
// https://github.com/dotnet/core/blob/main/release-notes/releases-index.json
// https://github.com/dotnet/dotnet-docker/blob/main/documentation/ubuntu-chiseled.md
var releases = []release{
	{version: "1.0", ends: day(2019, time.June, 27)},
	{version: "1.1", ends: day(2019, time.June, 27)},
	{version: "2.0", ends: day(2018, time.October, 1)},
	{version: "2.1", ends: day(2021, time.August, 21)},
	{version: "2.2", ends: day(2019, time.December, 23)},
	{version: "3.0", released: day(2019, time.September, 23), ends: day(2020, time.March, 3)},
	{version: "3.1", released: day(2019, time.December, 3), ends: day(2022, time.December, 13), distro: "buster-slim"},
	{version: "5.0", released: day(2020, time.November, 10), ends: day(2022, time.May, 10), distro: "buster-slim"},
	{version: "6.0", released: day(2021, time.November, 8), ends: day(2024, time.November, 12), distro: "bullseye-slim", chiseled: []string{"jammy"}},
	{version: "7.0", released: day(2022, time.November, 8), ends: day(2024, time.May, 14), distro: "bullseye-slim", chiseled: []string{"jammy"}},
	{version: "8.0", released: day(2023, time.November, 14), ends: day(2026, time.November, 10), distro: "bookworm-slim", chiseled: []string{"noble", "jammy"}, composite: true},
	{version: "9.0", released: day(2024, time.November, 12), ends: day(2026, time.November, 10), distro: "bookworm-slim", chiseled: []string{"noble"}, composite: true},
	{version: "10.0", released: day(2025, time.November, 11), ends: day(2028, time.November, 14), distro: "noble", chiseled: []string{"noble", "resolute"}, composite: true},
	{version: "11.0", distro: "resolute", chiseled: []string{"resolute"}, composite: true},
}
