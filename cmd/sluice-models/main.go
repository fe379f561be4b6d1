// Command sluice-models runs a network that was installed with sluice models install: it reads requests as lines of JSON from
// standard input and answers each with a line (models.Request, models.Answer), until the input ends. sluice starts it.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sluicehq/sluice/internal/models"
	"github.com/sluicehq/sluice/internal/onnx"
	"github.com/sluicehq/sluice/internal/onnx/sentence"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "sluice-models runs networks for sluice, which starts it by itself.\nUsage: sluice-models LIBRARY NETWORK OUTPUT")
		os.Exit(2)
	}
	if err := serve(os.Args[1], os.Args[2], os.Args[3], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sluice-models:", err)
		os.Exit(1)
	}
}

func serve(library, network, output string, in io.Reader, out io.Writer) error {
	answers := json.NewEncoder(out)
	r, err := onnx.Open(library)
	if err != nil {
		return errors.Join(err, answers.Encode(models.Answer{Error: err.Error()}))
	}
	e, err := sentence.New(r, network, output)
	if err != nil {
		return errors.Join(err, answers.Encode(models.Answer{Error: err.Error()}))
	}
	defer r.Close()
	defer e.Close()
	requests := json.NewDecoder(bufio.NewReaderSize(in, 64<<10))
	for {
		var request models.Request
		err := requests.Decode(&request)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var answer models.Answer
		if answer.Vectors, err = e.Embed(request.Texts); err != nil {
			answer = models.Answer{Error: err.Error()}
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
}
