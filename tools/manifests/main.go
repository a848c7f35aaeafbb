// Command manifests checks Kubernetes manifests against the types of the Kubernetes API: unknown kinds, unknown or repeated
// fields and values of the wrong type are errors. It replaces kubeconform where its schemas cannot be downloaded.
//
//	go run -C tools ./manifests FILE
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: manifests FILE")
		os.Exit(2)
	}
	n, err := check(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%d objects\n", n)
}

// check decodes every document of a file, and returns how many there are.
func check(path string) (n int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewYAMLReader(bufio.NewReader(file))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			if n == 0 {
				return 0, fmt.Errorf("%s has no object", path)
			}
			return n, nil
		}
		if err == nil {
			_, _, err = decoder.Decode(document, nil, nil)
		}
		if err != nil {
			return n, fmt.Errorf("%s, document %d: %w", path, n+1, err)
		}
		n++
	}
}
