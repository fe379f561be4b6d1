package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// KeysetEnv is the environment variable that holds a keyset (its JSON) in place of the file, for installations whose
// processes share a database but no folder.
const KeysetEnv = "SLUICE_KEYSET"

// Load makes a Sealer from the keyset in the environment variable SLUICE_KEYSET, or else from a file (keyset.json in the
// data folder), which it makes, readable by its owner alone, if there is none.
func Load(path string) (*Sealer, error) {
	if text := os.Getenv(KeysetEnv); text != "" {
		s, err := fromJSON([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("environment variable %s: %w", KeysetEnv, err)
		}
		return s, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = create(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read keyset: %w", err)
	}
	s, err := fromJSON(text)
	if err != nil {
		return nil, fmt.Errorf("file %s: %w; restore it from a backup: the stored secrets open with nothing else", path, err)
	}
	return s, nil
}

// Generate makes a keyset as JSON, for SLUICE_KEYSET.
func Generate() ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make keyset: %w", err)
	}
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&b)); err != nil {
		return nil, fmt.Errorf("make keyset: %w", err)
	}
	return b.Bytes(), nil
}

// create stores a new keyset durably, and returns the one that is there: of two processes that start at once, both get
// the first one's.
func create(path string) ([]byte, error) {
	text, err := Generate()
	if err != nil {
		return nil, err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".keyset-*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		// A file system without hard links: two first starts at once are not told apart there.
		if err := os.Rename(temp.Name(), path); err != nil {
			return nil, err
		}
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	err = dir.Sync()
	if err = errors.Join(err, dir.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// fromJSON leaves out what the library says of a keyset that is not one, since it may quote it.
func fromJSON(text []byte) (*Sealer, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, errors.New("not a keyset")
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, errors.New("not a keyset for sealing")
	}
	return &Sealer{aead: primitive}, nil
}
