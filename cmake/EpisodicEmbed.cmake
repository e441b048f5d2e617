# Files into a program: a C source with an array of them (tools/server/page_files.h), made again when one changes.
#
#   episodic_embed(<source to make> BASE <folder> <file...>)
#
# Names are relative to the folder; a file elsewhere (of a package, say) has the name it has there. This file is also
# the script that makes it: cmake -D OUT=... -D BASE=... -D LIST=... -P EpisodicEmbed.cmake
set(episodic_embed_script "${CMAKE_CURRENT_LIST_FILE}")

function(episodic_embed out)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "BASE" "")
  set(files ${arg_UNPARSED_ARGUMENTS})
  set(list "${out}.list")
  string(REPLACE ";" "\n" lines "${files}")
  file(CONFIGURE OUTPUT "${list}" CONTENT "${lines}\n" @ONLY)
  add_custom_command(OUTPUT "${out}"
    COMMAND "${CMAKE_COMMAND}" -D "OUT=${out}" -D "BASE=${arg_BASE}" -D "LIST=${list}" -P "${episodic_embed_script}"
    DEPENDS ${files} "${list}" "${episodic_embed_script}"
    COMMENT "Embedding ${arg_BASE}" VERBATIM)
endfunction()

if(NOT CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  return()
endif()

set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_mjs "text/javascript; charset=utf-8")
set(type_json "application/json")
set(type_svg "image/svg+xml")
set(type_png "image/png")
set(type_woff2 "font/woff2")
set(type_txt "text/plain; charset=utf-8")

file(STRINGS "${LIST}" files)
set(arrays "")
set(entries "")
set(count 0)
foreach(file IN LISTS files)
  cmake_path(IS_PREFIX BASE "${file}" NORMALIZE inside)
  if(inside)
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY "${BASE}" OUTPUT_VARIABLE name)
  else()
    cmake_path(GET file FILENAME name)
  endif()
  cmake_path(GET file EXTENSION LAST_ONLY extension)
  string(SUBSTRING "${extension}" 1 -1 extension)
  if(NOT DEFINED type_${extension})
    message(FATAL_ERROR "${file}: the type of .${extension} is not known to EpisodicEmbed.cmake")
  endif()
  file(READ "${file}" hex HEX)
  file(SHA256 "${file}" tag)
  string(SUBSTRING "${tag}" 0 16 tag)
  # The last byte is a NUL that is not counted, so that an empty file has an array too.
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n"
    bytes "${bytes}")
  string(APPEND arrays "static const unsigned char file_${count}[] = {\n${bytes}0};\n")
  string(APPEND entries
    "    {\"${name}\", \"${type_${extension}}\", \"\\\"${tag}\\\"\", file_${count}, sizeof file_${count} - 1},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE "${OUT}" "/* Made by cmake/EpisodicEmbed.cmake. */\n#include \"page_files.h\"\n\n${arrays}\n"
  "const page_file page_files[] = {\n${entries}};\nconst size_t page_file_count = ${count};\n")
