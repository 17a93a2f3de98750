package functions

// All lists every function, in the order of the manifest.
func All() []Function { return nil }
