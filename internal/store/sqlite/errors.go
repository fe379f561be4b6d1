package sqlite

import (
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sluicehq/sluice/internal/store"
)

// failure gives the errors of a full or failing disk their name: SQLite has then rolled back, or will.
func failure(err error) error {
	if err == nil || errors.Is(err, store.ErrFull) || !diskError(err) {
		return err
	}
	return fmt.Errorf("%w (%w)", store.ErrFull, err)
}

func diskError(err error) bool {
	var e *driver.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR:
		return true
	}
	return false
}
