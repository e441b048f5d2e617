/* schema.h - holding JSON against the part of JSON Schema that the operations use: type, anyOf, properties,
 * required, additionalProperties false, items, enum, minimum, maximum, minLength, minItems, maxItems.
 *
 * It is not a validator for schemas of others: what it does not know it passes over.
 */
#ifndef SERVER_SCHEMA_H
#define SERVER_SCHEMA_H

#include <stddef.h>

#include <episodic/sys/json.h>

/** Looks whether a value has the form that a schema asks for.
 * @param[out] line one line about the first thing that is wrong, size bytes at most. @param name what the value is
 *             called in it. @return whether it has. */
bool schema_holds(char *line, size_t size, const epi_json *schema, const epi_json *value, const char *name);

#endif
