#!/usr/bin/env bash
# Makes the film of the sample LMS, which is committed: two minutes, a clock and
# a bar that grows. Needs ffmpeg with libvpx and libfreetype, and DejaVu Sans Mono:
#   apt-get install ffmpeg fonts-dejavu-core
set -euo pipefail
cd "$(dirname "$0")/.."

font=/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf
out=test/lms/web/pages/film.webm

# A key frame every 5 s makes seeking quick. One thread gives the same file each time.
ffmpeg -hide_banner -loglevel error -y \
  -f lavfi -i "color=c=0x14324f:size=320x180:rate=5:duration=120" \
  -f lavfi -i "color=c=0x7db8f5:size=320x12:rate=5:duration=120" \
  -filter_complex "[0][1]overlay=x='-320+320*t/120':y=168,
    drawtext=fontfile=$font:fontsize=56:fontcolor=white:x=(w-text_w)/2:y=54:text='%{pts\:gmtime\:0\:%M\\\\\:%S}',
    drawtext=fontfile=$font:fontsize=14:fontcolor=0xa9c7e4:x=(w-text_w)/2:y=126:text='of 02\:00'" \
  -c:v libvpx-vp9 -crf 45 -b:v 0 -g 25 -threads 1 -row-mt 0 -deadline good -cpu-used 1 -pix_fmt yuv420p \
  -map_metadata -1 -fflags +bitexact -flags:v +bitexact "$out"
ls -l "$out"
