#pragma once

#include "config/cursor.h"

// What one section can't check alone. Each reports into the session; `config` was read whole,
// maybe with problems.
namespace llmgw::config {

// Every name that is used names something: providers, kinds, targets, teams, labels.
void check_references(const Config&, Session&);

// No name is there twice where it must be one.
void check_duplicates(const Config&, Session&);

// No route or alias leads back to itself.
void check_circles(const Config&, Session&);

// What the file exposes: a port for other machines, secrets in the clear.
void check_exposure(const Config&, Session&);

}  // namespace llmgw::config
