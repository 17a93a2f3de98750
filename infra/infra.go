// Package infra holds what a deployment is made of.
package infra

import _ "embed"

// Functions is functions.yaml, the manifest: each function once, with what
// calls it and what it needs. See functions.ParseManifest.
//
//go:embed functions.yaml
var Functions []byte
