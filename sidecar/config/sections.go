package config

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// sections are the objects of a file by their paths, such as sync.classes[2].match.
type sections struct {
	file     map[string]json.RawMessage
	read     map[string]map[string]json.RawMessage
	mistakes []string // of what is there and of another type
}

func readSections(data []byte) (*sections, error) {
	s := &sections{read: map[string]map[string]json.RawMessage{}}
	if err := json.Unmarshal(data, &s.file); err != nil {
		return nil, fmt.Errorf("the configuration must be one JSON object: %w", err)
	}
	return s, nil
}

// value of a field, nil where the file has none or null.
func (s *sections) value(section, name string) json.RawMessage {
	if value := s.at(section)[name]; string(value) != "null" {
		return value
	}
	return nil
}

// at is the object at a path, nil if there is none.
func (s *sections) at(path string) map[string]json.RawMessage {
	if object, known := s.read[path]; known {
		return object
	}
	var object map[string]json.RawMessage
	if raw := s.raw(path); raw != nil && json.Unmarshal(raw, &object) != nil {
		s.mistakes = append(s.mistakes, path+" must be a JSON object")
	}
	s.read[path] = object
	return object
}

func (s *sections) raw(path string) json.RawMessage {
	dot := strings.LastIndexByte(path, '.')
	if dot < 0 {
		return s.file[path]
	}
	name, rest, indexed := strings.Cut(path[dot+1:], "[")
	raw := s.at(path[:dot])[name]
	if !indexed {
		return raw
	}
	i, err := strconv.Atoi(strings.TrimSuffix(rest, "]"))
	if list := s.list(path[:dot], name); err == nil && i < len(list) {
		return list[i]
	}
	return nil
}

// list at a section's name, nil if there is none; what is there and no list is a
// mistake.
func (s *sections) list(section, name string) []json.RawMessage {
	raw := s.value(section, name)
	var list []json.RawMessage
	if raw != nil && json.Unmarshal(raw, &list) != nil {
		s.mistakes = append(s.mistakes, section+"."+name+" must be a JSON array")
	}
	return list
}
