# Install rules: headers, both libraries, the CMake package, the pkg-config file, the man page.
include(CMakePackageConfigHelpers)

set(episodic_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/episodic")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/episodic" "${PROJECT_BINARY_DIR}/include/episodic"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")

# The static library has its own export set: only those who ask for it need the packages it stands on.
install(TARGETS episodic_shared EXPORT episodic-shared)
install(TARGETS episodic_static EXPORT episodic-static)
install(EXPORT episodic-shared NAMESPACE episodic:: DESTINATION "${episodic_package_dir}")
install(EXPORT episodic-static NAMESPACE episodic:: DESTINATION "${episodic_package_dir}")

configure_package_config_file(cmake/episodic-config.cmake.in "${PROJECT_BINARY_DIR}/episodic-config.cmake"
  INSTALL_DESTINATION "${episodic_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/episodic-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/episodic-config.cmake" "${PROJECT_BINARY_DIR}/episodic-config-version.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/EpisodicDependencies.cmake"
  DESTINATION "${episodic_package_dir}")

# Relative to the .pc file, so that an installed tree can be moved.
file(RELATIVE_PATH episodic_pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" episodic_pc_prefix "${episodic_pc_prefix}")
configure_file(cmake/episodic.pc.in "${PROJECT_BINARY_DIR}/episodic.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/episodic.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

if(TARGET episodic_cli)
  install(TARGETS episodic_cli)
  if(EXISTS "${PROJECT_SOURCE_DIR}/docs/man/episodic.1")
    install(FILES "${PROJECT_SOURCE_DIR}/docs/man/episodic.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
  endif()
endif()
if(TARGET episodic_server)
  install(TARGETS episodic_server)
  install(FILES "${PROJECT_SOURCE_DIR}/docs/man/episodic-server.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
endif()
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
