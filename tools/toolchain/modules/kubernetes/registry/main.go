// The OCI image registry of the distribution project, with images in files. Its own command can keep them in the object
// storage of clouds too, whose SDKs take longer to compile than all the rest.
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	// The reason has been printed.
	if registry.RootCmd.Execute() != nil {
		os.Exit(1)
	}
}
