package simulate

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"fairdial/usage"
)

// table writes a CSV file of this package's own making.
func table(dir, name string, header []string, rows func(write func(...string)) error) error {
	f, err := createFile(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	write := func(cells ...string) { _ = w.Write(cells) } // it keeps its first error for Error
	write(header...)
	if err := rows(write); err != nil {
		return err
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return f.close()
}

func writeTenants(dir string, all []*tenant) error {
	list := []usage.Tenant{}
	for _, t := range all {
		list = append(list, usage.Tenant{
			ID: t.id.String(), Name: t.name, Country: t.country, Segment: t.segment, Channel: t.channel,
			Credits: usage.Credits{Funded: t.funded, Currency: t.currency},
		})
	}
	f, err := createFile(filepath.Join(dir, "tenants.json"))
	if err != nil {
		return err
	}
	enc := json.NewEncoder(f)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(list); err != nil {
		return fmt.Errorf("write tenants.json: %w", err)
	}
	return f.close()
}

// writeRates writes a rate sheet for every currency in use, in the provider's
// columns. An empty origin stands for any.
func writeRates(dir string, a *atlas, all []*tenant) error {
	done := map[string]bool{}
	for _, t := range all {
		cur := t.currency
		if done[cur] {
			continue
		}
		done[cur] = true
		header := []string{
			"Origin", "Destination", "Prefix(es)", "Originating Number Type", "Terminating Number Type",
			"Connection charge in " + cur, "Per Minute Rate in " + cur + " (Billed in Tenths of a Minute)",
		}
		fx := exchange(cur)
		err := table(dir, "rates-"+cur+".csv", header, func(write func(...string)) error {
			for i := range a.places {
				p := &a.places[i]
				kind := "All Number Types"
				if p.premium {
					kind = "Premium"
				}
				write("", p.name, strings.Join(p.prefixes, ", "), "All Number Types", kind, decimal4(p.fee(fx)), decimal4(p.rate(fx)))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// decimal4 writes ten-thousandths.
func decimal4(v int64) string { return fmt.Sprintf("%d.%04d", v/10_000, v%10_000) }

// writeLabels writes the truth: who abuses, how, and with which calls.
func writeLabels(dir string, feeds []*feed) error {
	header := []string{
		"tenant_id", "organizer_id", "label", "archetype", "scenario", "intensity",
		"first_abusive_at", "last_abusive_at", "abusive_calls", "abusive_seconds",
	}
	err := table(dir, "labels.csv", header, func(write func(...string)) error {
		for _, f := range feeds {
			tenant := f.tenant.id.String()
			for _, o := range f.tenant.organizers {
				t := f.tallies[o]
				if t == nil {
					write(tenant, o.id.String(), "honest", o.profile.archetype, "", "", "", "", "0", "0")
					continue
				}
				write(tenant, o.id.String(), "abuse", o.profile.archetype, o.plot.scenario.name, o.plot.level.String(),
					t.first.String(), t.last.String(), strconv.FormatInt(t.calls, 10), strconv.FormatInt(t.seconds, 10))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return table(dir, "abusive_calls.csv", []string{"tenant_id", "usage_id"}, func(write func(...string)) error {
		for _, f := range feeds {
			tenant := f.tenant.id.String()
			for _, id := range f.abusive {
				write(tenant, id.String())
			}
		}
		return nil
	})
}

// writeExpected writes what the product must make of the files.
func writeExpected(dir string, feeds []*feed) error {
	err := table(dir, "ledger.csv", []string{"tenant_id", "read", "accepted", "duplicate", "ignored", "rejected"}, func(write func(...string)) error {
		for _, f := range feeds {
			write(f.ledger.row(f.tenant)...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = table(dir, "malformed.csv", []string{"tenant_id", "file", "position", "kind", "usage_id"}, func(write func(...string)) error {
		for _, f := range feeds {
			for _, b := range f.broken {
				id := b.id.String()
				if b.kind == missingID {
					id = ""
				}
				write(f.tenant.id.String(), b.file, strconv.Itoa(b.position), b.kind.String(), id)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = table(dir, "discrepancies.csv", []string{"tenant_id", "usage_id", "kind"}, func(write func(...string)) error {
		for _, f := range feeds {
			for _, s := range f.slips {
				write(f.tenant.id.String(), s.id.String(), s.kind)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = table(dir, "groups.csv", []string{"group", "scenario", "tenant_id", "organizer_id"}, func(write func(...string)) error {
		for _, f := range feeds {
			for _, o := range f.tenant.organizers {
				if f.tallies[o] != nil && o.plot.group > 0 {
					write(strconv.Itoa(o.plot.group), o.plot.scenario.name, f.tenant.id.String(), o.id.String())
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return table(dir, "licences.csv", []string{"tenant_id", "organizer_id", "service_plan_id", "held_from", "held_to"}, func(write func(...string)) error {
		for _, f := range feeds {
			for _, o := range f.tenant.organizers {
				for _, h := range o.holdings {
					to := ""
					if h.to != forever {
						to = h.to.time().Format(time.RFC3339)
					}
					for _, p := range h.sku.plans {
						if p.id != h.disabled {
							write(f.tenant.id.String(), o.id.String(), p.id, h.from.time().Format(time.RFC3339), to)
						}
					}
				}
			}
		}
		return nil
	})
}
