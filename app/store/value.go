package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/chiselbot/chiselbot/app"
)

const (
	credentialsName = "credentials"
	deliveriesName  = "deliveries-read"
)

// The first byte of stored credentials says how they are stored.
const (
	plain  = 'p'
	sealed = 's'
)

// Credentials returns the stored ones, [app.ErrNotFound] in the chain when there are none.
func (s *Store) Credentials(ctx context.Context) (app.Credentials, error) {
	var c app.Credentials
	data, err := s.value(ctx, credentialsName)
	if err != nil {
		return c, fmt.Errorf("read credentials: %w", err)
	}
	if len(data) == 0 {
		return c, errors.New("read credentials: they are empty")
	}
	text := data[1:]
	if data[0] == sealed {
		if s.key == "" {
			return c, errors.New("read credentials: they are encrypted; give the key by CHISELBOT_KEY or CHISELBOT_KEY_FILE")
		}
		if text, err = s.unseal(text); err != nil {
			return c, err
		}
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, errors.New("read credentials: they are not as they were written") // the cause may quote them
	}
	return c, nil
}

// SaveCredentials stores them, encrypted when there is a key.
func (s *Store) SaveCredentials(ctx context.Context, c app.Credentials) error {
	text, err := json.Marshal(c) //nolint:gosec // it is stored where secrets belong
	if err != nil {
		return fmt.Errorf("write credentials: %w", err)
	}
	data := append([]byte{plain}, text...)
	if s.key != "" {
		if data, err = s.seal(text); err != nil {
			return err
		}
	}
	if err := s.setValue(ctx, credentialsName, data); err != nil {
		return fmt.Errorf("write credentials: %w", err)
	}
	return nil
}

// aead is AES-256-GCM under the operator's key. What they are sealed for is part of it,
// so that other values could not be put in their place.
func (s *Store) aead() (cipher.AEAD, error) {
	key := sha256.Sum256([]byte("chiselbot credentials\n" + s.key))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("use key: %w", err)
	}
	return cipher.NewGCM(block)
}

func (s *Store) seal(text []byte) ([]byte, error) {
	aead, err := s.aead()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce) // never fails
	out := append([]byte{sealed}, nonce...)
	return aead.Seal(out, nonce, text, []byte(credentialsName)), nil
}

func (s *Store) unseal(data []byte) ([]byte, error) {
	aead, err := s.aead()
	if err != nil {
		return nil, err
	}
	if len(data) < aead.NonceSize() {
		return nil, errors.New("read credentials: they are cut off")
	}
	text, err := aead.Open(nil, data[:aead.NonceSize()], data[aead.NonceSize():], []byte(credentialsName))
	if err != nil {
		return nil, errors.New("read credentials: the key is not the one that they were encrypted with")
	}
	return text, nil
}

// DeliveriesRead is up to when the log of deliveries was read; zero for never.
func (s *Store) DeliveriesRead(ctx context.Context) (time.Time, error) {
	var at time.Time
	data, err := s.value(ctx, deliveriesName)
	if errors.Is(err, app.ErrNotFound) {
		return at, nil
	}
	if err == nil {
		err = at.UnmarshalText(data)
	}
	if err != nil {
		return at, fmt.Errorf("look up how far deliveries were read: %w", err)
	}
	return at, nil
}

// SaveDeliveriesRead remembers it.
func (s *Store) SaveDeliveriesRead(ctx context.Context, upTo time.Time) error {
	data, err := upTo.UTC().MarshalText()
	if err == nil {
		err = s.setValue(ctx, deliveriesName, data)
	}
	if err != nil {
		return fmt.Errorf("remember how far deliveries were read: %w", err)
	}
	return nil
}

func (s *Store) value(ctx context.Context, name string) ([]byte, error) {
	var data []byte
	err := s.read.QueryRowContext(ctx, s.sql("SELECT content FROM chiselbot_value WHERE name = $1"), name).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, app.ErrNotFound
	}
	return data, err
}

func (s *Store) setValue(ctx context.Context, name string, data []byte) error {
	return s.exec(ctx, `INSERT INTO chiselbot_value (name, content) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET content = excluded.content`, name, data)
}
