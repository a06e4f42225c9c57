// Package repository reads a local git repository: its commits and its working tree as
// trees of files, and the commit that a change starts from. It is the only package that
// knows git's storage; nothing is checked out, nothing is run, and nothing but
// [Create] writes.
//
// It knows nothing of Dockerfiles, rules or reviews, and it never uses the network: an
// object or a branch that is not on this machine is an error that says how to fetch it.
package repository

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// A Repository is a git repository on this machine. It is safe for concurrent use.
type Repository struct {
	dirs    directories
	refs    *filesystem.Storage
	objects *objects
	config  *config.Config
}

// Open finds the repository that holds dir, which may lie below its root, in a linked
// worktree, in a submodule or in a bare repository.
func Open(dir string) (*Repository, error) {
	dirs, err := discover(dir)
	if err != nil {
		return nil, fmt.Errorf("open repository %s: %w", dir, err)
	}
	dot := dotgit.NewRepositoryFilesystem(osfs.New(dirs.git), osfs.New(dirs.common))
	refs := filesystem.NewStorage(dot, cache.NewObjectLRU(0))
	cfg, err := refs.Config()
	if err != nil {
		return nil, fmt.Errorf("open repository %s: read config: %w", dir, err)
	}
	if err := supported(cfg); err != nil {
		return nil, fmt.Errorf("open repository %s: %w", dir, err)
	}
	objects, err := openObjects(filepath.Join(dirs.common, "objects"))
	if err != nil {
		return nil, fmt.Errorf("open repository %s: %w", dir, err)
	}
	objects.partial = partial(cfg)
	return &Repository{dirs: dirs, refs: refs, objects: objects, config: cfg}, nil
}

// Close closes the files that reading objects opened. Trees of the repository must not
// be used after it.
func (r *Repository) Close() error { return r.objects.close() }

// Root is the folder of the working tree, or empty for a bare repository.
func (r *Repository) Root() string { return r.dirs.work }

// supported reports what in the repository's format would be misread: of an extension
// that it does not know, a reader of the repository must keep off.
// https://git-scm.com/docs/repository-version
func supported(cfg *config.Config) error {
	version := cfg.Raw.Section("core").Option("repositoryformatversion")
	if version != "" && version != "0" && version != "1" {
		return fmt.Errorf("repository format %s is not known", version)
	}
	for _, option := range cfg.Raw.Section("extensions").Options {
		name, value := strings.ToLower(option.Key), strings.ToLower(option.Value)
		switch name {
		case "noop", "noop-v1", "partialclone", "preciousobjects", "relativeworktrees", "worktreeconfig":
		case "objectformat":
			if value != "sha1" {
				return fmt.Errorf("object names are %s, and only sha1 can be read", value)
			}
		case "refstorage":
			if value != "files" {
				return fmt.Errorf("branches are stored as %s, which cannot be read; `git refs migrate --ref-format=files` converts them", value)
			}
		default:
			if version == "1" {
				return fmt.Errorf("repository extension %s is not known", name)
			}
		}
	}
	return nil
}

// partial reports whether the repository was cloned without all of its objects.
func partial(cfg *config.Config) bool {
	if cfg.Raw.Section("extensions").HasOption("partialClone") {
		return true
	}
	for _, remote := range cfg.Raw.Section("remote").Subsections {
		if remote.Option("promisor") == "true" {
			return true
		}
	}
	return false
}

// directories are the three places of a repository, all absolute. For a plain
// repository common equals git; for a linked worktree it is the main one's.
type directories struct {
	work, git, common string
}

var errNoRepository = errors.New("not a git repository, and no folder above it is one; run `git init` and commit, or name another folder")

// discover looks for a repository in dir and the folders above it, as git does.
func discover(dir string) (directories, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return directories{}, err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return directories{}, cause(err)
	}
	if !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	for {
		git, err := gitDir(filepath.Join(dir, ".git"))
		if err != nil {
			return directories{}, err
		}
		if git != "" {
			return directories{work: dir, git: git, common: commonDir(git)}, nil
		}
		if isGitDir(dir) {
			if filepath.Base(dir) == ".git" {
				return directories{work: filepath.Dir(dir), git: dir, common: commonDir(dir)}, nil
			}
			return directories{git: dir, common: commonDir(dir)}, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return directories{}, errNoRepository
		}
		dir = above
	}
}

// gitDir is the repository that a .git stands for: itself, or where the file points to.
// It is empty when there is none.
func gitDir(dotGit string) (string, error) {
	if isGitDir(dotGit) {
		return dotGit, nil
	}
	info, err := os.Stat(dotGit)
	if err != nil || !info.Mode().IsRegular() {
		return "", nil
	}
	to, ok := gitFile(dotGit)
	if !ok {
		return "", fmt.Errorf("%s does not say where the repository is", dotGit)
	}
	if !isGitDir(to) {
		return "", fmt.Errorf("%s points to %s, which is not a git repository; `git worktree repair` in the main one mends a moved worktree", dotGit, to)
	}
	return to, nil
}

// gitFile reads where a .git file points to. https://git-scm.com/docs/gitrepository-layout
func gitFile(name string) (string, bool) {
	return pointer(name, "gitdir: ")
}

// commonDir is the repository that a linked worktree shares with others.
func commonDir(git string) string {
	if to, ok := pointer(filepath.Join(git, "commondir"), ""); ok {
		return to
	}
	return git
}

// pointer reads the path in a file of one line, relative to the file's folder.
func pointer(name, prefix string) (string, bool) {
	data, err := os.ReadFile(name)
	if err != nil {
		return "", false
	}
	to, ok := strings.CutPrefix(string(data), prefix)
	to = strings.TrimRight(to, "\r\n")
	if !ok || to == "" {
		return "", false
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(filepath.Dir(name), to)
	}
	return filepath.Clean(to), true
}

// isGitDir reports whether a folder is a repository's own, as git tells it.
func isGitDir(dir string) bool {
	if _, err := os.Lstat(filepath.Join(dir, "HEAD")); err != nil {
		return false
	}
	common := commonDir(dir)
	return isDir(filepath.Join(common, "objects")) && isDir(filepath.Join(common, "refs"))
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// cause strips the operation and path that a *fs.PathError would say a second time.
func cause(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
