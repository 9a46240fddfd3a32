package lrs

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
)

// Files of the mounted Secret. AuthorizationFile has the whole header and goes first.
const (
	UsernameFile      = "username"
	PasswordFile      = "password"
	AuthorizationFile = "authorization"
)

const longestFile = 8 << 10 // bytes

// readAuthorization returns the header by which the LRS knows us, as the files have it
// now. It is delivery.ErrNoSecret where there is none. An error says nothing of the
// content.
func readAuthorization(dir string) (string, error) {
	whole, found, err := readFile(dir, AuthorizationFile)
	if err != nil || found {
		return whole, err
	}
	username, hasUsername, err := readFile(dir, UsernameFile)
	if err != nil {
		return "", err
	}
	password, hasPassword, err := readFile(dir, PasswordFile)
	switch {
	case err != nil:
		return "", err
	case !hasUsername && !hasPassword:
		return "", delivery.ErrNoSecret
	case !hasUsername || !hasPassword:
		return "", errors.New("the Secret of the LRS has only one of username and password; give both, or the whole header as authorization")
	case strings.Contains(username, ":"):
		return "", errors.New("the username for the LRS has a colon, which Basic authentication can't carry; it ends before the colon that is in front of the password")
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password)), nil
}

// readFile returns the text of a file without the space around it, and whether it is there.
func readFile(dir, name string) (text string, found bool, err error) {
	content, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("reading the Secret of the LRS: %w", err)
	}
	text = strings.TrimSpace(string(content))
	if text == "" || len(text) > longestFile || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", true, fmt.Errorf("%s in the Secret of the LRS is empty, longer than %d bytes or has control characters", name, longestFile)
	}
	return text, true, nil
}
