# cmake --install: headers under include/lamina, the library, and find_package(lamina).
include(CMakePackageConfigHelpers)

if(NOT SKBUILD)
  install(TARGETS lamina EXPORT laminaTargets)
  if(NOT BUILD_SHARED_LIBS)
    install(TARGETS lamina_whole EXPORT laminaTargets)
    if(LAMINA_STATIC_DEPENDENCIES)
      install(DIRECTORY ${LAMINA_STATIC_DEPENDENCIES_LICENSES} DESTINATION ${CMAKE_INSTALL_LIBDIR}/lamina)
    endif()
  endif()
  if(LAMINA_CUDA)
    install(TARGETS lamina_cuda LIBRARY)
  endif()
  # Nothing is found by a generic name: "api/model.h" of the sources is <lamina/api/model.h> where it is installed.
  set(headers ${CMAKE_BINARY_DIR}/installed-headers)
  install(CODE "execute_process(COMMAND ${CMAKE_COMMAND} -DFROM=${CMAKE_CURRENT_SOURCE_DIR} -DTO=${headers}
    -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/installed_headers.cmake COMMAND_ERROR_IS_FATAL ANY)")
  install(DIRECTORY ${headers}/lamina DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT laminaTargets NAMESPACE lamina:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lamina)
  configure_package_config_file(cmake/laminaConfig.cmake.in ${CMAKE_BINARY_DIR}/laminaConfig.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lamina)
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/laminaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_BINARY_DIR}/laminaConfig.cmake ${CMAKE_BINARY_DIR}/laminaConfigVersion.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lamina)
endif()
