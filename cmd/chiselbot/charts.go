package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/chiselbot/chiselbot/app/charts"
	"github.com/chiselbot/chiselbot/checks/chart"
)

// chartsFromFlag is the flag of places that charts may be fetched from.
const chartsFromFlag = "charts-from"

func bindChartsFrom(cmd *cobra.Command, places *[]string) {
	cmd.Flags().StringSliceVar(places, chartsFromFlag, nil, "HOST[/PATH]: fetch charts that others depend on from there, and from nowhere else; may be given again (default: fetch nothing)")
}

// chartPlaces reads the flag.
func chartPlaces(texts []string) ([]charts.Place, error) {
	var places []charts.Place
	for _, text := range texts {
		place, err := charts.ParsePlace(text)
		if err != nil {
			return nil, fmt.Errorf("read --%s: %w", chartsFromFlag, err)
		}
		places = append(places, place)
	}
	return places, nil
}

// fetcher fetches charts from places; from none there is none.
func (p program) fetcher(places []charts.Place, cache charts.Cache) chart.Fetcher {
	if len(places) == 0 {
		return nil
	}
	return charts.New(charts.Config{From: places, Cache: cache, Now: p.now})
}

// chartCache is where one user's charts are kept, nil where a user has no such place.
func chartCache() charts.Cache {
	folder, err := os.UserCacheDir()
	if err != nil {
		return nil
	}
	return charts.Folder(filepath.Join(folder, "chiselbot", "charts"))
}
