package github

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/chiselbot/chiselbot/app"
	"github.com/chiselbot/chiselbot/checks/source"
)

const (
	// batchBlobs and batchBytes bound one query for texts. A query that takes GitHub more
	// than ten seconds is not answered.
	batchBlobs = 100
	batchBytes = 4 << 20
	// guessedBytes is how large a file is taken to be whose size is not known.
	guessedBytes = 32 << 10
	// maxSingles bounds the files of one change that cost a request each, because a query
	// does not show them whole or they were not fetched with the others: a stranger can add
	// any number of them.
	maxSingles = 100
)

// errSingles is for the files beyond.
var errSingles = fmt.Errorf("more than %d files have to be fetched one by one", maxSingles)

// blobs are the files' contents of one change, by git's name of them. What is known of a
// name is proven by it: every content is checked to have the name that it was asked by.
type blobs struct {
	client *Client
	repo   app.Repository

	mu      sync.Mutex
	texts   map[string]string
	sizes   map[string]int64 // of those that are too large
	singles int
}

func (c *Client) newBlobs(repo app.Repository) *blobs {
	return &blobs{client: c, repo: repo, texts: map[string]string{}, sizes: map[string]int64{}}
}

// known is what is known without asking: the text, or the size of a file that is too
// large to be read.
func (b *blobs) known(it item) (text string, size int64, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if text, ok := b.texts[it.sha]; ok {
		return text, int64(len(text)), true
	}
	size, ok = b.sizes[it.sha]
	if !ok && it.size > source.MaxFileBytes {
		return "", it.size, true
	}
	return "", size, ok
}

func (b *blobs) size(ctx context.Context, it item) (int64, error) {
	if it.size != unknownSize {
		return it.size, nil
	}
	if _, err := b.text(ctx, it); err != nil && !errors.Is(err, source.ErrTooLarge) {
		return 0, err
	}
	_, size, _ := b.known(it)
	return size, nil
}

// text is a file's content, fetched if need be.
func (b *blobs) text(ctx context.Context, it item) (string, error) {
	text, size, ok := b.known(it)
	if !ok {
		if err := b.fetch(ctx, []item{it}); err != nil {
			return "", err
		}
		text, size, ok = b.known(it)
	}
	switch {
	case size > source.MaxFileBytes:
		return "", source.ErrTooLarge
	case !ok:
		return "", errSingles
	}
	return text, nil
}

// maySingle counts a request for one file.
func (b *blobs) maySingle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.singles++
	return b.singles <= maxSingles
}

// keep remembers a content when it has the name. What does not was changed on the way:
// GraphQL shows only UTF-8.
func (b *blobs) keep(sha string, text []byte) bool {
	if objectName("blob", text) != sha {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.texts[sha] = string(text)
	return true
}

// fetch gets the contents that are not known yet: from the cache, then by queries for
// many, then one by one those that a query does not show whole.
func (b *blobs) fetch(ctx context.Context, items []item) error {
	wanted := map[string]item{}
	for _, it := range items {
		if _, _, ok := b.known(it); !ok {
			wanted[it.sha] = it
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	cached, err := b.client.config.Objects.Objects(ctx, slices.Sorted(maps.Keys(wanted)))
	if err != nil {
		return fmt.Errorf("read cached files of %s: %w", b.repo, err)
	}
	for sha, text := range cached {
		if b.keep(sha, text) {
			delete(wanted, sha)
		}
	}
	if len(items) == 1 && len(wanted) == 1 && !b.maySingle() {
		return nil
	}
	fetched := map[string][]byte{}
	for _, batch := range batches(wanted) {
		if err := b.ask(ctx, batch, fetched); err != nil {
			return wrap(err, "read files of %s", b.repo)
		}
	}
	if len(fetched) == 0 {
		return nil
	}
	if err := b.client.config.Objects.KeepObjects(ctx, fetched); err != nil {
		return fmt.Errorf("cache files of %s: %w", b.repo, err)
	}
	return nil
}

// batches cuts what is wanted into queries, in a fixed order.
func batches(wanted map[string]item) [][]item {
	var list [][]item
	var batch []item
	bytes := int64(0)
	for _, sha := range slices.Sorted(maps.Keys(wanted)) {
		it := wanted[sha]
		size := it.guess()
		if len(batch) == batchBlobs || (len(batch) > 0 && bytes+size > batchBytes) {
			list = append(list, batch)
			batch, bytes = nil, 0
		}
		batch = append(batch, it)
		bytes += size
	}
	if len(batch) > 0 {
		list = append(list, batch)
	}
	return list
}

// A blob is a file's content as GraphQL shows it.
type blob struct {
	OID         string  `json:"oid"`
	ByteSize    int64   `json:"byteSize"`
	IsTruncated bool    `json:"isTruncated"`
	Text        *string `json:"text"`
}

const blobFields = "... on Blob { oid byteSize isTruncated text }"

// ask queries for a batch.
func (b *blobs) ask(ctx context.Context, batch []item, fetched map[string][]byte) error {
	var query, parameters strings.Builder
	variables := map[string]any{"owner": b.repo.Owner, "name": b.repo.Name}
	for i, it := range batch {
		fmt.Fprintf(&parameters, ", $b%d: GitObjectID!", i)
		fmt.Fprintf(&query, " b%d: object(oid: $b%d) { %s }", i, i, blobFields)
		variables[fmt.Sprintf("b%d", i)] = it.sha
	}
	var answer struct {
		Repository map[string]*blob `json:"repository"`
	}
	text := "query($owner: String!, $name: String!" + parameters.String() + ") { repository(owner: $owner, name: $name) {" + query.String() + " } }"
	if err := b.client.query(ctx, b.repo, text, variables, &answer); err != nil {
		return err
	}
	for i, it := range batch {
		if err := b.take(ctx, it, answer.Repository[fmt.Sprintf("b%d", i)], fetched); err != nil {
			return err
		}
	}
	return nil
}

// take takes one content in, and asks for it alone when it is not whole.
func (b *blobs) take(ctx context.Context, it item, one *blob, fetched map[string][]byte) error {
	if one == nil {
		return fmt.Errorf("object %s: %w", it.sha, app.ErrNotFound)
	}
	if one.ByteSize > source.MaxFileBytes {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.sizes[it.sha] = one.ByteSize
		return nil
	}
	if one.Text != nil && !one.IsTruncated && b.keep(it.sha, []byte(*one.Text)) {
		fetched[it.sha] = []byte(*one.Text)
		return nil
	}
	if !b.maySingle() {
		return nil
	}
	text, _, err := b.client.in(b.repo, reviewing).Git.GetBlobRaw(ctx, b.repo.Owner, b.repo.Name, it.sha)
	if err != nil {
		return err
	}
	if !b.keep(it.sha, text) {
		return fmt.Errorf("object %s has another content than its name says", it.sha)
	}
	fetched[it.sha] = text
	return nil
}
