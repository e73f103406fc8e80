# cmake --install: headers under include/lamina, the library, and find_package(lamina).
include(CMakePackageConfigHelpers)

if(NOT SKBUILD)
  install(TARGETS lamina EXPORT laminaTargets)
  if(LAMINA_CUDA)
    install(TARGETS lamina_cuda LIBRARY)
  endif()
  foreach(room IN ITEMS backends layers losses optimizers serialization api)
    install(DIRECTORY ${room} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/lamina FILES_MATCHING PATTERN "*.h")
  endforeach()
  install(EXPORT laminaTargets NAMESPACE lamina:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lamina)
  configure_package_config_file(cmake/laminaConfig.cmake.in ${CMAKE_BINARY_DIR}/laminaConfig.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lamina)
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/laminaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_BINARY_DIR}/laminaConfig.cmake ${CMAKE_BINARY_DIR}/laminaConfigVersion.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lamina)
endif()
