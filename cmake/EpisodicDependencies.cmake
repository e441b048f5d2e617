# Dependencies, each as an imported target episodic_dep::<name>, with the Debian package in the message when it is
# missing. Also installed beside the package config, for those who link the static library.

# episodic_dependency(<name> HEADER <header> [LIBRARY <library>] PACKAGE <Debian package>)
# Without a library it is a header that is compiled in.
function(episodic_dependency name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "HEADER;LIBRARY;PACKAGE" "")
  if(TARGET episodic_dep::${name})
    return()
  endif()
  find_path(EPISODIC_${name}_INCLUDE_DIR ${arg_HEADER})
  mark_as_advanced(EPISODIC_${name}_INCLUDE_DIR)
  if(NOT EPISODIC_${name}_INCLUDE_DIR)
    message(FATAL_ERROR "<${arg_HEADER}> was not found; on Debian: apt-get install ${arg_PACKAGE}")
  endif()
  # Imported targets are included as SYSTEM, so our warnings do not reach their headers.
  if(arg_LIBRARY)
    find_library(EPISODIC_${name}_LIBRARY ${arg_LIBRARY})
    mark_as_advanced(EPISODIC_${name}_LIBRARY)
    if(NOT EPISODIC_${name}_LIBRARY)
      message(FATAL_ERROR "lib${arg_LIBRARY} was not found; on Debian: apt-get install ${arg_PACKAGE}")
    endif()
    add_library(episodic_dep::${name} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(episodic_dep::${name} PROPERTIES IMPORTED_LOCATION "${EPISODIC_${name}_LIBRARY}")
  else()
    add_library(episodic_dep::${name} INTERFACE IMPORTED GLOBAL)
  endif()
  set_target_properties(episodic_dep::${name} PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${EPISODIC_${name}_INCLUDE_DIR}")
endfunction()

find_package(Threads REQUIRED)
episodic_dependency(lmdb HEADER lmdb.h LIBRARY lmdb PACKAGE liblmdb-dev)
episodic_dependency(cjson HEADER cjson/cJSON.h LIBRARY cjson PACKAGE libcjson-dev)
episodic_dependency(stemmer HEADER libstemmer.h LIBRARY stemmer PACKAGE libstemmer-dev)
episodic_dependency(utf8proc HEADER utf8proc.h LIBRARY utf8proc PACKAGE libutf8proc-dev)

# OpenMP comes before FAISS: FAISS's own package file names its target. clang needs libomp-dev for it.
find_package(OpenMP REQUIRED)
find_package(faiss CONFIG HINTS "${EPISODIC_FAISS_ROOT}")
if(NOT faiss_FOUND)
  message(FATAL_ERROR "FAISS was not found; on Debian: apt-get install libfaiss-dev libopenblas-dev")
endif()
# A FAISS built with its C API has it in a library of its own; Debian's has only the headers, and index/ fills in.
find_library(EPISODIC_FAISS_C_LIBRARY faiss_c HINTS "${EPISODIC_FAISS_ROOT}/lib")
mark_as_advanced(EPISODIC_FAISS_C_LIBRARY)
if(NOT TARGET episodic_dep::faiss)
  add_library(episodic_dep::faiss INTERFACE IMPORTED GLOBAL)
  if(EPISODIC_FAISS_C_LIBRARY)
    target_link_libraries(episodic_dep::faiss INTERFACE "${EPISODIC_FAISS_C_LIBRARY}")
    target_compile_definitions(episodic_dep::faiss INTERFACE EPI_HAVE_FAISS_C=1)
  endif()
  target_link_libraries(episodic_dep::faiss INTERFACE faiss OpenMP::OpenMP_CXX)
endif()
