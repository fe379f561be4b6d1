// Package all is the list of the connectors that a program carries: importing it registers them.
package all

import (
	_ "github.com/sluicehq/sluice/connector/kafka" // topics of Kafka
	_ "github.com/sluicehq/sluice/connector/local" // folders of the machine
)
