// Package maven fetches the programs of test servers that run on Java, once.
package maven

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"

// Jars returns the folder of the jar files of some artifacts (group:name:version) and of what they need, and fetches them
// when they are not there. It stands in the folder for temporary files, readable for the accounts that servers run under.
func Jars(name string, artifacts ...string) (string, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("sluice-%s-%d", name, os.Getuid()))
	if info, err := os.Lstat(dir); err == nil && info.IsDir() && mine(info) {
		return dir, nil
	}
	work, err := os.MkdirTemp("", "sluice-maven-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	program, err := exec.LookPath("mvn")
	if err != nil {
		return "", errors.New("the tests fetch a server with Maven, which is not installed; on Debian: apt-get install maven")
	}
	var needs strings.Builder
	for _, a := range artifacts {
		p := strings.Split(a, ":")
		if len(p) != 3 {
			return "", fmt.Errorf("%q is not group:name:version", a)
		}
		fmt.Fprintf(&needs, "<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>\n", p[0], p[1], p[2])
	}
	pom := filepath.Join(work, "pom.xml")
	project := "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion><groupId>sluice.test</groupId>" +
		"<artifactId>server</artifactId><version>1</version><packaging>pom</packaging>\n<dependencies>\n" + needs.String() + "</dependencies></project>\n"
	if err := os.WriteFile(pom, []byte(project), 0o644); err != nil {
		return "", err
	}
	jars := filepath.Join(work, "jars")
	c := exec.Command(program, "--batch-mode", "--quiet", "--strict-checksums", "--file", pom, //nolint:noctx // it has limits of its own
		plugin+":copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+jars)
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot fetch %s with Maven: %w\n%s", name, err, out)
	}
	if err := os.Chmod(jars, 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(jars, dir); err != nil {
		if info, again := os.Lstat(dir); again == nil && mine(info) {
			return dir, nil // another test was quicker
		}
		return "", err
	}
	return dir, nil
}
