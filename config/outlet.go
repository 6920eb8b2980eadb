package config

import (
	"fmt"
	"net"
)

func (c Config) validateOutlets(k *checker) {
	names := map[string]int{}
	for i, o := range c.Outlets {
		key := fmt.Sprintf("outlets[%d]", i)
		if o.Name == "" {
			k.add(key+".name", "must not be empty: the log knows what was told by it")
		} else if first, known := names[o.Name]; known {
			k.add(key+".name", "%q is also outlets[%d]", o.Name, first)
		}
		names[o.Name] = i
		k.oneOf(key+".kind", o.Kind, "webhook", "email", "alertmanager")
		if o.Secret != "" && o.SecretFile != "" {
			k.add(key+".secret", "at most one of secret and secret_file may be set")
		}
		httpURL(k, key+".url", o.URL)
		need := func(name string, given bool) {
			if !given {
				k.add(key+"."+name, "an outlet of the kind %s needs it", o.Kind)
			}
		}
		switch o.Kind {
		case "webhook":
			need("url", o.URL != "")
			need("secret_file", o.Secret != "" || o.SecretFile != "")
		case "alertmanager":
			need("url", o.URL != "")
		case "email":
			if _, _, err := net.SplitHostPort(o.Server); err != nil {
				k.add(key+".server", "%q is no mail server; write host:port", o.Server)
			}
			need("from", o.From != "")
			need("to", len(o.To) > 0)
		}
	}
}
