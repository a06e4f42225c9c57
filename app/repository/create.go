package repository

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// A Revision is one commit of a new repository: the files it adds or replaces.
type Revision struct {
	// Branch is created where it does not exist yet and is then the current one.
	Branch  string
	Message string
	When    time.Time
	Files   fs.FS
}

// Create makes a repository in dir, which must be empty or absent, with one commit for
// each revision. The last one stays checked out.
func Create(dir, author string, revisions []Revision) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("create repository %s: the folder is not empty; name a new one", dir)
	}
	repo, err := git.PlainInitWithOptions(dir, &git.PlainInitOptions{
		InitOptions: git.InitOptions{DefaultBranch: plumbing.NewBranchReferenceName(revisions[0].Branch)},
	})
	if err != nil {
		return fmt.Errorf("create repository %s: %w", dir, err)
	}
	tree, err := repo.Worktree()
	if err != nil {
		return fmt.Errorf("create repository %s: %w", dir, err)
	}
	for i, rev := range revisions {
		if i > 0 && rev.Branch != revisions[i-1].Branch {
			branch := plumbing.NewBranchReferenceName(rev.Branch)
			if err := tree.Checkout(&git.CheckoutOptions{Branch: branch, Create: true}); err != nil {
				return fmt.Errorf("create branch %s: %w", rev.Branch, err)
			}
		}
		if err := copyFiles(dir, rev.Files); err != nil {
			return err
		}
		if err := tree.AddWithOptions(&git.AddOptions{All: true}); err != nil {
			return fmt.Errorf("add files of %q: %w", rev.Message, err)
		}
		who := &object.Signature{Name: author, Email: author + "@example.com", When: rev.When}
		if _, err := tree.Commit(rev.Message, &git.CommitOptions{Author: who}); err != nil {
			return fmt.Errorf("commit %q: %w", rev.Message, err)
		}
	}
	return nil
}

// copyFiles writes the files below dir, over those that are there.
func copyFiles(dir string, files fs.FS) error {
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o644)
	})
}
