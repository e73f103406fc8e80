# The libraries that the library links, and what is left out where one is missing. With LAMINA_STATIC_DEPENDENCIES they are the
# static ones of scripts/build-static-dependencies, of which nothing is left to find where a program runs.
option(LAMINA_STATIC_DEPENDENCIES "Link the static libraries of scripts/build-static-dependencies" OFF)

find_package(Threads REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_path(PROTOZERO_INCLUDE_DIR protozero/pbf_writer.hpp REQUIRED)  # headers alone: event files

# lamina_static_library(NAME header archive): NAME_FOUND, NAME_INCLUDE_DIRS and NAME_LIBRARIES, as find modules set them.
macro(lamina_static_library name header archive)
  find_path(${name}_INCLUDE_DIRS ${header} REQUIRED)
  find_library(${name}_LIBRARIES NAMES lib${archive}.a REQUIRED)
  set(${name}_FOUND TRUE)
endmacro()

if(LAMINA_STATIC_DEPENDENCIES)
  lamina_static_library(HDF5_C hdf5.h hdf5)
  lamina_static_library(libzip zip.h zip)
  lamina_static_library(ZLIB zlib.h z)
  lamina_static_library(JPEG jpeglib.h jpeg)
  lamina_static_library(PNG png.h png16)
  lamina_static_library(libwebp webp/decode.h webpdecoder)
  lamina_static_library(GIF gif_lib.h gif)
  lamina_static_library(speexdsp speex/speex_resampler.h speexdsp)
  lamina_static_library(FARMHASH farmhash.h farmhash)
else()
  find_package(HDF5 REQUIRED COMPONENTS C)
  find_package(ZLIB REQUIRED)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(libzip REQUIRED libzip)
  find_package(JPEG)
  find_package(PNG)
  pkg_check_modules(libwebp libwebp)
  find_package(GIF)
  pkg_check_modules(speexdsp speexdsp)
  foreach(name libzip libwebp speexdsp)  # with their folders
    set(${name}_LIBRARIES ${${name}_LINK_LIBRARIES})
  endforeach()
  find_path(FARMHASH_INCLUDE_DIRS farmhash.h)
  find_library(FARMHASH_LIBRARIES farmhash)
  if(FARMHASH_INCLUDE_DIRS AND FARMHASH_LIBRARIES)
    set(FARMHASH_FOUND TRUE)
  endif()
endif()

# Libraries for liblamina. Static ones that liblamina.a asks for are installed beside it.
function(lamina_link)
  if(BUILD_SHARED_LIBS OR NOT LAMINA_STATIC_DEPENDENCIES)
    target_link_libraries(lamina PRIVATE ${ARGN})
    return()
  endif()
  foreach(archive IN LISTS ARGN)
    get_filename_component(name ${archive} NAME)
    target_link_libraries(lamina PRIVATE $<BUILD_INTERFACE:${archive}>
      $<INSTALL_INTERFACE:$<INSTALL_PREFIX>/${CMAKE_INSTALL_LIBDIR}/lamina/${name}>)
    if(NOT SKBUILD)
      install(FILES ${archive} DESTINATION ${CMAKE_INSTALL_LIBDIR}/lamina)
    endif()
  endforeach()
endfunction()

# lamina_optional(NAME definition source "what is missing without it"): a file without its library says so where it is asked; the
# definition is that file's alone.
function(lamina_optional name definition source otherwise)
  if(NOT ${name}_FOUND)
    message(STATUS "lamina: ${otherwise}")
    return()
  endif()
  set_source_files_properties(${source} PROPERTIES COMPILE_DEFINITIONS ${definition} INCLUDE_DIRECTORIES "${${name}_INCLUDE_DIRS}")
  lamina_link(${${name}_LIBRARIES})
endfunction()

function(lamina_dependencies)
  set(images serialization/formats/images)
  lamina_optional(JPEG LAMINA_JPEG ${images}/picture_jpeg.cpp "no library for JPEG images, which will not be read")
  lamina_optional(PNG LAMINA_PNG ${images}/picture_png.cpp "no library for PNG images, which will not be read")
  lamina_optional(libwebp LAMINA_WEBP ${images}/picture_webp.cpp "no library for WebP images, which will not be read")
  lamina_optional(GIF LAMINA_GIF ${images}/picture_gif.cpp "no library for GIF images, which will not be read")
  lamina_optional(speexdsp LAMINA_SPEEX serialization/formats/audio/resampled.cpp "no speexdsp, sounds keep their sampling rate")
  lamina_optional(FARMHASH LAMINA_FARMHASH backends/ops/text/fingerprint_farmhash.cpp
    "no FarmHash, Hashing and several indices for unknown terms need a salt")
  target_include_directories(lamina SYSTEM PRIVATE ${HDF5_C_INCLUDE_DIRS} ${libzip_INCLUDE_DIRS} ${ZLIB_INCLUDE_DIRS} ${PROTOZERO_INCLUDE_DIR})
  # Static ones in the order in which they ask for each other.
  lamina_link(${HDF5_C_LIBRARIES} ${libzip_LIBRARIES} ${ZLIB_LIBRARIES})
  target_link_libraries(lamina PUBLIC Threads::Threads PRIVATE $<BUILD_INTERFACE:Eigen3::Eigen> m ${CMAKE_DL_LIBS})
endfunction()
