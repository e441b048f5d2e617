/* graph_schema.h - what the tools of a graph take and give, as JSON Schema. */
#ifndef SERVER_GRAPH_SCHEMA_H
#define SERVER_GRAPH_SCHEMA_H

#define SCHEMA_NAME "{\"type\":\"string\",\"minLength\":1}"
#define SCHEMA_NAMES "{\"type\":\"array\",\"items\":" SCHEMA_NAME "}"
#define SCHEMA_TEXTS "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"
#define SCHEMA_ENTITIES                                                                                     \
    "\"entities\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"name\":" SCHEMA_NAME \
    ",\"entityType\":{\"type\":\"string\"},\"observations\":" SCHEMA_TEXTS "},\"required\":[\"name\","      \
    "\"entityType\",\"observations\"]}}"
#define SCHEMA_RELATIONS                                                                                     \
    "\"relations\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"from\":" SCHEMA_NAME \
    ",\"to\":" SCHEMA_NAME ",\"relationType\":{\"type\":\"string\"}},\"required\":[\"from\",\"to\","         \
    "\"relationType\"]}}"
#define SCHEMA_OF(members, required) \
    "{\"type\":\"object\",\"properties\":{" members "},\"required\":[" required "],\"additionalProperties\":false}"
#define SCHEMA_GRAPH                                                                        \
    SCHEMA_OF(SCHEMA_ENTITIES "," SCHEMA_RELATIONS ",\"nextCursor\":{\"type\":\"string\"}", \
              "\"entities\",\"relations\"")
#define SCHEMA_DONE \
    SCHEMA_OF("\"success\":{\"type\":\"boolean\"},\"message\":{\"type\":\"string\"}", "\"success\",\"message\"")

#define SCHEMA_LIST_OF(name, members, required)                                                \
    "\"" name "\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{" members \
    "},\"required\":[" required "]}}"

#endif
