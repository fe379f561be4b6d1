package onedrive

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/output"
	"github.com/sluicehq/sluice/document"
)

// maxPlace is how long the path of a file may be below the root of a drive, in characters: the service takes 400 with what comes
// before the root, which is some 60.
const maxPlace = 300

// maxName is how long the name of a file may be, in characters: the service takes 255, and marks and .json are added.
const maxName = 220

// folderOf reads onedrive://folder/below.
func folderOf(remote string) (string, error) {
	wrong := func(why string) (string, error) {
		return "", connector.Fail(nil, "remote_url: %s; write onedrive://folder/below", why)
	}
	scheme, rest, ok := strings.Cut(strings.TrimSpace(remote), "://")
	if !ok || !strings.EqualFold(scheme, Type) {
		return wrong("it is not of OneDrive")
	}
	folder, ok := output.Folder(strings.Trim(rest, "/"))
	folder = strings.TrimSuffix(folder, "/")
	if !ok || strings.Contains(folder, "//") {
		return wrong("a path to write to has no parts ., .. and no empty ones")
	}
	for name := range strings.SplitSeq(folder, "/") {
		if folder != "" && safe(name) != name {
			return wrong("OneDrive takes no such name: it has none of \" * : < > ? \\ | and no space or dot at its end")
		}
	}
	if len([]rune(folder)) > maxPlace/2 {
		return wrong("the path is too long")
	}
	return folder, nil
}

// place is where the output of a document stands below the root of the drive, and beside where it stands when the first is taken
// by another document: names that differ in case alone are one to OneDrive.
func place(folder string, d document.Document) (main, beside string) {
	given := output.Path(d)
	names := strings.Split(given, "/")
	for i, name := range names {
		names[i] = safe(name)
	}
	path := strings.Join(names, "/")
	sum := sha256.Sum256([]byte(given))
	mark := hex.EncodeToString(sum[:])
	base := strings.TrimSuffix(path, ".json")
	if path != given {
		base += "-" + mark[:8]
	}
	if len([]rune(folder))+len([]rune(base)) > maxPlace || len([]rune(base[strings.LastIndex(base, "/")+1:])) > maxName {
		base = "long-" + mark
	}
	join := func(name string) string { return strings.TrimPrefix(folder+"/"+name, "/") }
	return join(base + ".json"), join(base + "-" + mark[:16] + ".json")
}

// reserved are names that OneDrive takes for no file or folder, whatever their case.
var reserved = regexp.MustCompile(`(?i)^((con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)|\.lock$|desktop\.ini$|~\$|_vti_)`)

// safe is a name that OneDrive takes.
func safe(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || strings.ContainsRune(`"*:<>?/\|`, r) {
			return '_'
		}
		return r
	}, name)
	if cut := strings.TrimRight(name, " ."); cut != name {
		name = cut + "_"
	}
	if strings.HasPrefix(name, " ") || reserved.MatchString(name) {
		name = "_" + name
	}
	return strings.ReplaceAll(name, "_vti_", "_vti-")
}
