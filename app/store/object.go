package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

const (
	// atOnce is how many names one statement has.
	atOnce = 512
	// fresh is for how long a use is not written down again: reading costs no writing.
	fresh = 6 * time.Hour
)

// Objects returns those of the named objects of git that are known.
func (s *Store) Objects(ctx context.Context, names []string) (map[string][]byte, error) {
	found := map[string][]byte{}
	now := s.now()
	var stale []string
	for chunk := range slices.Chunk(names, atOnce) {
		chunk = padded(chunk)
		rows, err := s.read.QueryContext(ctx, s.sql("SELECT name, content, used_at FROM chiselbot_object WHERE name IN ("+list(0, len(chunk))+")"), anys(chunk)...)
		if err != nil {
			return nil, fmt.Errorf("look up objects: %w", err)
		}
		err = each(rows, func() error {
			var name string
			var content []byte
			var used int64
			if err := rows.Scan(&name, &content, &used); err != nil {
				return err
			}
			found[name] = content
			if now.Sub(instant(used)) > fresh {
				stale = append(stale, name)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look up objects: %w", err)
		}
	}
	for chunk := range slices.Chunk(stale, atOnce) {
		chunk = padded(chunk)
		args := append([]any{milliseconds(now)}, anys(chunk)...)
		if _, err := s.write.ExecContext(ctx, s.sql("UPDATE chiselbot_object SET used_at = $1 WHERE name IN ("+list(1, len(chunk))+")"), args...); err != nil {
			return nil, fmt.Errorf("look up objects: %w", err)
		}
	}
	return found, nil
}

// KeepObjects remembers objects of git, and forgets those that nobody asked for longest
// where there are too many. What alone is over an eighth of the room is not kept.
func (s *Store) KeepObjects(ctx context.Context, objects map[string][]byte) error {
	names := make([]string, 0, len(objects))
	for name, content := range objects {
		if int64(len(content)) <= s.cap/8 {
			names = append(names, name)
		}
	}
	slices.Sort(names) // two writers that lock rows in one order do not wait for each other in a circle
	now := milliseconds(s.now())
	for chunk := range slices.Chunk(names, atOnce) {
		err := s.loosely(ctx, func(tx *sql.Tx) error {
			for _, name := range chunk {
				_, err := tx.ExecContext(ctx, s.sql("INSERT INTO chiselbot_object (name, content, size, used_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"),
					name, objects[name], len(name)+len(objects[name]), now)
				if err != nil {
					return err
				}
			}
			return s.makeRoom(ctx, tx, chunk, objects)
		})
		if err != nil {
			return fmt.Errorf("keep objects: %w", err)
		}
	}
	return nil
}

// makeRoom removes the least recently used objects until nine tenths of the room are
// filled. It looks only when this process has added a twentieth of the room since it last
// did, because to look is to add up all sizes.
func (s *Store) makeRoom(ctx context.Context, tx *sql.Tx, names []string, objects map[string][]byte) error {
	var size int64
	for _, name := range names {
		size += int64(len(name) + len(objects[name]))
	}
	if s.added.Add(size) < s.cap/20 {
		return nil
	}
	s.added.Store(0)
	var total int64
	if err := tx.QueryRowContext(ctx, "SELECT COALESCE(SUM(size), 0) FROM chiselbot_object").Scan(&total); err != nil {
		return err
	}
	if total <= s.cap {
		return nil
	}
	_, err := tx.ExecContext(ctx, s.sql(`DELETE FROM chiselbot_object WHERE name IN (
		SELECT name FROM (
			SELECT name, SUM(size) OVER (ORDER BY used_at, name) AS running FROM chiselbot_object
		) AS oldest WHERE running <= $1)`), total-s.cap/10*9)
	return err
}
