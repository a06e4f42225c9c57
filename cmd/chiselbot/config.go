package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/chiselbot/chiselbot/app/config"
	"github.com/chiselbot/chiselbot/checks/source"
)

func (p program) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check a settings file, or print the schema of settings",
		Long: `Settings stand in ` + config.Path + ` and are read from the base of a review.

  fail-on: warning              # error, warning, notice or none
  rules:
    root-user: error            # off, notice, warning or error
    DS-0026: "off"
  dockerfiles:
    include: ["images/*.docker"]
    exclude: ["**/testdata/**"]`,
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "check [FILE]",
		Short: "Say what is wrong in a settings file, by line and column",
		Long: `Check the settings in FILE, by default ` + config.Path + `.

Exit codes:
  0  the settings are valid
  1  they are not
  2  wrong usage, or the file could not be read`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			name := filepath.FromSlash(config.Path)
			if len(args) == 1 {
				name = args[0]
			}
			return p.checkConfig(name)
		},
	}, &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of the settings",
		Example: "  chiselbot config schema > .github/chiselbot.schema.json",
		Args:    arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			all, err := knownRules()
			if err != nil {
				return err
			}
			_, err = p.out.Write(config.Schema(all))
			return err
		},
	})
	return cmd
}

func (p program) checkConfig(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
			err = pe.Err
		}
		return fmt.Errorf("read settings %s: %w", name, err)
	}
	_, problems := config.Parse(source.NewFile(filepath.ToSlash(name), string(text)), knownIDs())
	for _, problem := range problems {
		fmt.Fprintln(p.out, problem)
	}
	if len(problems) > 0 {
		return exit(exitFailed)
	}
	fmt.Fprintf(p.out, "%s: the settings are valid\n", name)
	return nil
}
