package kafka

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/sluicehq/sluice/internal/testserver/process"
)

const (
	version = "4.1.2"
	plugin  = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
)

// project is what Maven resolves: the broker, and a logger that writes its warnings to standard error.
const project = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>sluice.test</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>` + version + `</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`

// libraries finds the folder of the broker's jar files, below the repository's .cache, and fetches them when they are not
// there.
var libraries = sync.OnceValues(func() (string, error) {
	root, err := process.Repository()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, ".cache", "kafka-"+version)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), "kafka-install-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	maven, err := exec.LookPath("mvn")
	if err != nil {
		return "", errors.New("the tests fetch Apache Kafka with Maven, which is not installed; on Debian: apt-get install maven")
	}
	pom := filepath.Join(work, "pom.xml")
	if err := os.WriteFile(pom, []byte(project), 0o644); err != nil {
		return "", err
	}
	jars := filepath.Join(work, "jars")
	c := exec.Command(maven, "--batch-mode", "--quiet", "--strict-checksums", "--file", pom, //nolint:noctx // it has limits of its own
		plugin+":copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+jars)
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot fetch Apache Kafka %s with Maven: %w\n%s", version, err, out)
	}
	if err := os.Rename(jars, dir); err != nil {
		if _, again := os.Stat(dir); again == nil {
			return dir, nil // another test was quicker
		}
		return "", err
	}
	return dir, nil
})
