package local

import "net/http"

func (c *Cloud) servePage(w http.ResponseWriter, r *http.Request) error { return nil }
func (c *Cloud) serveBill(w http.ResponseWriter, r *http.Request) error { return nil }
