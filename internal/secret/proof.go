package secret

import (
	"encoding/base64"
	"errors"
)

// ErrOtherKeyset is a keyset that is not the one which an installation's secrets were sealed with.
var ErrOtherKeyset = errors.New("this keyset is not the one of the installation: its stored secrets do not open with it")

// proofBound and proofText are what a proof seals.
var (
	proofBound = []byte("sluice:keyset-proof")
	proofText  = []byte("sluice")
)

// Proof is a text that only a Sealer of the same keyset can check. It tells nothing of the keyset, and is stored where all
// processes of an installation find it.
func (s *Sealer) Proof() (string, error) {
	sealed, err := s.aead.Encrypt(proofText, proofBound)
	if err != nil {
		return "", errors.New("seal the proof of the keyset: encryption failed")
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}

// Check says whether this keyset made, or contains the key that made, a proof. ErrOtherKeyset otherwise.
func (s *Sealer) Check(proof string) error {
	sealed, err := base64.StdEncoding.DecodeString(proof)
	if err != nil {
		return ErrOtherKeyset
	}
	if _, err := s.aead.Decrypt(sealed, proofBound); err != nil {
		return ErrOtherKeyset
	}
	return nil
}
