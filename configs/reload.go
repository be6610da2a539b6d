package configs

import "reflect"

// Reload compares the running configuration with a new one. It returns the keys whose new values take
// effect at once, and those that differ but need a restart. A file whose name stays may hold something
// else by now: who reloads reads secrets and tokens again in any case.
func Reload(running, loaded *Config) (changed, needRestart []string) {
	for key := range fields(reflect.TypeFor[Config]()) {
		old := reflect.ValueOf(running).Elem().FieldByIndex(key.index).Interface()
		fresh := reflect.ValueOf(loaded).Elem().FieldByIndex(key.index).Interface()
		switch {
		case reflect.DeepEqual(old, fresh):
		case key.live:
			changed = append(changed, key.path)
		default:
			needRestart = append(needRestart, key.path)
		}
	}
	return changed, needRestart
}
