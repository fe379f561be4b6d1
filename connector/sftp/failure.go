package sftp

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/pkg/sftp"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/internal/spool"
)

// Codes of SSH_FXP_STATUS (draft-ietf-secsh-filexfer-02, section 7) that the library has no error of its own for.
const (
	statusFailure     = 4
	statusUnsupported = 8
)

// failed makes an error for the user of one that an operation gave.
func (a *account) failed(what, name string, err error) error {
	var known *connector.Error
	if errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var status *sftp.StatusError
	switch {
	case errors.Is(err, spool.ErrDisk) && (errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)):
		return connector.Retry(err, time.Minute, "%s %q: no space is left for temporary files on the machine that runs sluice", what, name)
	case errors.Is(err, spool.ErrDisk):
		return connector.Fail(err, "%s %q: no temporary file can be written on the machine that runs sluice", what, name)
	case errors.Is(err, errLost):
		return connector.Retry(errLost, 0, "%s %q: the connection to server %s broke", what, name, a.target.address())
	case errors.Is(err, os.ErrNotExist):
		return connector.Fail(connector.ErrNotFound, "%s %q: it is not there", what, name)
	case errors.Is(err, os.ErrPermission):
		return connector.Fail(connector.ErrForbidden, "%s %q: account %q has no right to it", what, name, a.target.user)
	case errors.As(err, &status) && status.Code == statusUnsupported:
		return connector.Fail(err, "%s %q: server %s cannot do it", what, name, a.target.address())
	case errors.As(err, &status):
		return connector.Fail(err, "%s %q: server %s refuses it (SFTP status %d)", what, name, a.target.address(), status.Code)
	}
	return connector.Fail(err, "%s %q: server %s gave an answer that is not understood", what, name, a.target.address())
}

// refused says whether a server answered with a failure that it did not explain.
func refused(err error) bool {
	var status *sftp.StatusError
	return errors.As(err, &status) && status.Code == statusFailure
}
