/**
 * What Chromium 156 told of a film of 120 seconds. Each entry is an event: milliseconds since the first one, name,
 * `currentTime`, and P, S and E where the element was paused, seeking or at its end. `timeupdate` comes at its own pace.
 */

/** The thumb of the browser's own controls is dragged from 6 to 84 s while the film plays: they pause it meanwhile. */
export const CONTROLS = `
0 play 0; 1 playing 0; 258 timeupdate 0.26; 523 timeupdate 0.52; 789 timeupdate 0.79; 1055 timeupdate 1.05; 1320 timeupdate 1.32
1529 timeupdate 6.03 PS; 1530 pause 6.03 PS; 1530 seeking 6.03 PS; 1531 timeupdate 6.03 P; 1531 seeked 6.03 P; 1531 canplay 6.03 P
1556 seeking 6.03 PS; 1557 timeupdate 6.03 P; 1557 seeked 6.03 P; 1557 canplay 6.03 P; 1610 seeking 7.94 PS
1611 timeupdate 7.94 P; 1611 seeked 7.94 P; 1611 canplay 7.94 P; 1660 seeking 9.84 PS; 1660 timeupdate 9.84 P; 1660 seeked 9.84 P
1660 canplay 9.84 P; 1721 seeking 11.75 PS; 1723 timeupdate 11.75 P; 1723 seeked 11.75 P; 1723 canplay 11.75 P
1792 seeking 13.65 PS; 1793 timeupdate 13.65 P; 1793 seeked 13.65 P; 1793 canplay 13.65 P; 1946 seeking 15.56 PS
1947 timeupdate 15.56 P; 1947 seeked 15.56 P; 1947 canplay 15.56 P; 2009 seeking 17.46 PS; 2009 timeupdate 17.46 P
2009 seeked 17.46 P; 2009 canplay 17.46 P; 2075 seeking 19.37 PS; 2075 timeupdate 19.37 P; 2075 seeked 19.37 P
2075 canplay 19.37 P; 2142 seeking 21.27 PS; 2143 timeupdate 21.27 P; 2143 seeked 21.27 P; 2143 canplay 21.27 P
2181 seeking 23.17 PS; 2185 timeupdate 23.17 P; 2186 seeked 23.17 P; 2186 canplay 23.17 P; 2225 seeking 25.08 PS
2225 timeupdate 25.08 P; 2225 seeked 25.08 P; 2225 canplay 25.08 P; 2269 seeking 26.98 PS; 2269 timeupdate 26.98 P
2271 seeked 26.98 P; 2271 canplay 26.98 P; 2313 seeking 28.89 PS; 2313 timeupdate 28.89 P; 2313 seeked 28.89 P
2313 canplay 28.89 P; 2351 seeking 30.79 PS; 2351 timeupdate 30.79 P; 2351 seeked 30.79 P; 2351 canplay 30.79 P
2410 seeking 32.7 PS; 2411 timeupdate 32.7 P; 2411 seeked 32.7 P; 2411 canplay 32.7 P; 2473 seeking 34.6 PS
2477 timeupdate 34.6 P; 2477 seeked 34.6 P; 2477 canplay 34.6 P; 2513 seeking 36.51 PS; 2513 timeupdate 36.51 P
2513 seeked 36.51 P; 2513 canplay 36.51 P; 2551 seeking 38.41 PS; 2552 timeupdate 38.41 P; 2552 seeked 38.41 P
2552 canplay 38.41 P; 2594 seeking 40.32 PS; 2596 timeupdate 40.32 P; 2596 seeked 40.32 P; 2596 canplay 40.32 P
2632 seeking 42.22 PS; 2632 timeupdate 42.22 P; 2632 seeked 42.22 P; 2632 canplay 42.22 P; 2671 seeking 44.13 PS
2674 timeupdate 44.13 P; 2674 seeked 44.13 P; 2674 canplay 44.13 P; 2713 seeking 46.03 PS; 2713 timeupdate 46.03 P
2713 seeked 46.03 P; 2713 canplay 46.03 P; 2752 seeking 47.94 PS; 2752 timeupdate 47.94 P; 2752 seeked 47.94 P
2752 canplay 47.94 P; 2808 seeking 49.84 PS; 2808 timeupdate 49.84 P; 2808 seeked 49.84 P; 2808 canplay 49.84 P
2850 seeking 51.75 PS; 2851 timeupdate 51.75 P; 2851 seeked 51.75 P; 2851 canplay 51.75 P; 2892 seeking 53.65 PS
2894 timeupdate 53.65 P; 2894 seeked 53.65 P; 2894 canplay 53.65 P; 2956 seeking 55.56 PS; 2957 timeupdate 55.56 P
2957 seeked 55.56 P; 2957 canplay 55.56 P; 2995 seeking 57.46 PS; 2995 timeupdate 57.46 P; 2995 seeked 57.46 P
2995 canplay 57.46 P; 3040 seeking 59.37 PS; 3044 timeupdate 59.37 P; 3044 seeked 59.37 P; 3044 canplay 59.37 P
3083 seeking 61.27 PS; 3083 timeupdate 61.27 P; 3083 seeked 61.27 P; 3083 canplay 61.27 P; 3120 seeking 63.17 PS
3122 timeupdate 63.17 P; 3122 seeked 63.17 P; 3122 canplay 63.17 P; 3162 seeking 65.08 PS; 3163 timeupdate 65.08 P
3163 seeked 65.08 P; 3163 canplay 65.08 P; 3202 seeking 66.98 PS; 3202 timeupdate 66.98 P; 3202 seeked 66.98 P
3202 canplay 66.98 P; 3260 seeking 68.89 PS; 3261 timeupdate 68.89 P; 3261 seeked 68.89 P; 3261 canplay 68.89 P
3300 seeking 70.79 PS; 3301 timeupdate 70.79 P; 3301 seeked 70.79 P; 3301 canplay 70.79 P; 3360 seeking 72.7 PS
3361 timeupdate 72.7 P; 3361 seeked 72.7 P; 3361 canplay 72.7 P; 3400 seeking 74.6 PS; 3400 timeupdate 74.6 P; 3400 seeked 74.6 P
3400 canplay 74.6 P; 3441 seeking 76.51 PS; 3441 timeupdate 76.51 P; 3441 seeked 76.51 P; 3441 canplay 76.51 P
3485 seeking 78.41 PS; 3488 timeupdate 78.41 P; 3488 seeked 78.41 P; 3488 canplay 78.41 P; 3528 seeking 80.32 PS
3530 timeupdate 80.32 P; 3530 seeked 80.32 P; 3530 canplay 80.32 P; 3568 seeking 82.22 PS; 3568 timeupdate 82.22 P
3568 seeked 82.22 P; 3568 canplay 82.22 P; 3625 seeking 84.13 PS; 3626 timeupdate 84.13 P; 3626 seeked 84.13 P
3626 canplay 84.13 P; 3666 play 84.13; 3666 playing 84.13; 3914 timeupdate 84.38; 4180 timeupdate 84.65; 4445 timeupdate 84.91
4711 timeupdate 85.18; 4867 timeupdate 85.33 P; 4869 pause 85.33 P`;

/** So is that of a slider of the page, which sets `currentTime` at each `input` and lets the film play on. */
export const SLIDER = `
0 play 0; 0 playing 0; 264 timeupdate 0.26; 530 timeupdate 0.53; 795 timeupdate 0.79; 1061 timeupdate 1.06; 1327 timeupdate 1.33
1557 seeking 4.72 S; 1559 timeupdate 4.73; 1559 seeked 4.73; 1559 canplay 4.73; 1559 playing 4.73; 1597 seeking 5.85 S
1599 timeupdate 5.86; 1599 seeked 5.86; 1599 canplay 5.86; 1599 playing 5.86; 1636 seeking 6.98 S; 1636 timeupdate 6.99
1636 seeked 6.99; 1636 canplay 6.99; 1636 playing 6.99; 1674 seeking 8.12 S; 1682 timeupdate 8.12; 1682 seeked 8.12
1682 canplay 8.12; 1682 playing 8.12; 1730 seeking 9.25 S; 1731 timeupdate 9.25; 1731 seeked 9.25; 1731 canplay 9.25
1731 playing 9.25; 1773 seeking 10.38 S; 1778 timeupdate 10.39; 1778 seeked 10.39; 1778 canplay 10.39; 1778 playing 10.39
1828 seeking 11.52 S; 1830 timeupdate 11.52; 1830 seeked 11.52; 1830 canplay 11.52; 1830 playing 11.52; 1874 seeking 12.65 S
1874 timeupdate 12.65; 1874 seeked 12.65; 1874 canplay 12.65; 1874 playing 12.65; 1915 seeking 13.78 S; 1918 timeupdate 13.78
1918 seeked 13.78; 1918 canplay 13.78; 1918 playing 13.78; 1957 seeking 14.91 S; 1960 timeupdate 14.92; 1960 seeked 14.92
1960 canplay 14.92; 1960 playing 14.92; 2011 seeking 16.05 S; 2012 timeupdate 16.05; 2012 seeked 16.05; 2012 canplay 16.05
2012 playing 16.05; 2050 seeking 17.18 S; 2051 timeupdate 17.18; 2051 seeked 17.18; 2051 canplay 17.18; 2051 playing 17.18
2094 seeking 18.31 S; 2094 timeupdate 18.32; 2094 seeked 18.32; 2094 canplay 18.32; 2094 playing 18.32; 2139 seeking 19.44 S
2142 timeupdate 19.44; 2142 seeked 19.44; 2142 canplay 19.44; 2142 playing 19.44; 2180 seeking 20.58 S; 2181 timeupdate 20.58
2181 seeked 20.58; 2181 canplay 20.58; 2182 playing 20.58; 2222 seeking 21.71 S; 2226 timeupdate 21.72; 2226 seeked 21.72
2226 canplay 21.72; 2226 playing 21.72; 2279 seeking 22.84 S; 2280 timeupdate 22.84; 2280 seeked 22.84; 2280 canplay 22.84
2280 playing 22.84; 2326 seeking 23.97 S; 2326 timeupdate 23.98; 2326 seeked 23.98; 2326 canplay 23.98; 2326 playing 23.98
2376 seeking 25.11 S; 2378 timeupdate 25.11; 2378 seeked 25.11; 2378 canplay 25.11; 2378 playing 25.11; 2417 seeking 26.24 S
2417 timeupdate 26.24; 2417 seeked 26.24; 2417 canplay 26.24; 2417 playing 26.24; 2458 seeking 27.37 S; 2458 timeupdate 27.38
2458 seeked 27.38; 2458 canplay 27.38; 2458 playing 27.38; 2497 seeking 28.51 S; 2501 timeupdate 28.51; 2501 seeked 28.51
2501 canplay 28.51; 2501 playing 28.51; 2558 seeking 29.64 S; 2565 timeupdate 29.64; 2565 seeked 29.64; 2565 canplay 29.64
2565 playing 29.64; 2603 seeking 30.77 S; 2604 timeupdate 30.77; 2604 seeked 30.77; 2604 canplay 30.77; 2604 playing 30.77
2643 seeking 31.9 S; 2644 timeupdate 31.91; 2644 seeked 31.91; 2644 canplay 31.91; 2644 playing 31.91; 2684 seeking 33.04 S
2684 timeupdate 33.04; 2684 seeked 33.04; 2684 canplay 33.04; 2684 playing 33.04; 2742 seeking 34.17 S; 2750 timeupdate 34.17
2750 seeked 34.17; 2750 canplay 34.17; 2750 playing 34.17; 2780 seeking 35.3 S; 2782 timeupdate 35.3; 2782 seeked 35.3
2782 canplay 35.3; 2782 playing 35.3; 2823 seeking 36.43 S; 2823 timeupdate 36.44; 2823 seeked 36.44; 2823 canplay 36.44
2823 playing 36.44; 2862 seeking 37.57 S; 2862 timeupdate 37.57; 2862 seeked 37.57; 2862 canplay 37.57; 2862 playing 37.57
2908 seeking 38.7 S; 2908 timeupdate 38.7; 2908 seeked 38.7; 2908 canplay 38.7; 2908 playing 38.7; 2949 seeking 39.83 S
2949 timeupdate 39.83; 2949 seeked 39.83; 2949 canplay 39.83; 2949 playing 39.83; 2988 seeking 40.96 S; 2990 timeupdate 40.97
2990 seeked 40.97; 2990 canplay 40.97; 2990 playing 40.97; 3043 seeking 42.1 S; 3046 timeupdate 42.1; 3046 seeked 42.1
3046 canplay 42.1; 3046 playing 42.1; 3096 seeking 43.23 S; 3097 timeupdate 43.23; 3097 seeked 43.23; 3097 canplay 43.23
3097 playing 43.23; 3136 seeking 44.36 S; 3137 timeupdate 44.36; 3137 seeked 44.36; 3137 canplay 44.36; 3137 playing 44.36
3195 seeking 45.49 S; 3195 timeupdate 45.5; 3195 seeked 45.5; 3195 canplay 45.5; 3195 playing 45.5; 3236 seeking 46.63 S
3236 timeupdate 46.63; 3236 seeked 46.63; 3236 canplay 46.63; 3236 playing 46.63; 3277 seeking 47.76 S; 3278 timeupdate 47.76
3278 seeked 47.76; 3278 canplay 47.76; 3278 playing 47.76; 3318 seeking 48.89 S; 3318 timeupdate 48.89; 3318 seeked 48.89
3318 canplay 48.89; 3318 playing 48.89; 3378 seeking 50.03 S; 3379 timeupdate 50.03; 3379 seeked 50.03; 3379 canplay 50.03
3379 playing 50.03; 3418 seeking 51.16 S; 3419 timeupdate 51.16; 3419 seeked 51.16; 3419 canplay 51.16; 3419 playing 51.16
3671 timeupdate 51.41; 3936 timeupdate 51.68; 4202 timeupdate 51.94; 4468 timeupdate 52.21; 4658 timeupdate 52.4 P
4658 pause 52.4 P`;

/** A film with `loop` is sent to 118 s and plays over its end. */
export const LOOP = `
0 seeking 118 S; 0 play 118 S; 24 timeupdate 118; 25 seeked 118; 25 canplay 118; 25 playing 118; 286 timeupdate 118.26
554 timeupdate 118.53; 817 timeupdate 118.79; 1083 timeupdate 119.06; 1349 timeupdate 119.32; 1614 timeupdate 119.59
1880 timeupdate 119.86; 2028 seeking 0 S; 2029 timeupdate 0; 2029 seeked 0; 2029 canplay 0; 2029 playing 0; 2286 timeupdate 0.26
2552 timeupdate 0.53; 2817 timeupdate 0.79; 3083 timeupdate 1.06; 3349 timeupdate 1.32; 3614 timeupdate 1.59; 3880 timeupdate 1.85
4033 timeupdate 2 P; 4033 pause 2 P`;

/** A film is sent to 118 s, plays to its end, and is started again. */
export const REPLAY = `
0 seeking 118 S; 4 play 118; 4 timeupdate 118; 4 seeked 118; 4 canplay 118; 5 playing 118; 263 timeupdate 118.26
531 timeupdate 118.53; 798 timeupdate 118.8; 1060 timeupdate 119.06; 1326 timeupdate 119.33; 1592 timeupdate 119.59
1857 timeupdate 119.86; 2001 timeupdate 120 PE; 2004 pause 120 PE; 2004 ended 120 PE; 2608 seeking 0 S; 2608 play 0 S
2613 timeupdate 0; 2613 seeked 0; 2613 canplay 0; 2613 playing 0; 2873 timeupdate 0.26; 3139 timeupdate 0.53; 3404 timeupdate 0.79
3670 timeupdate 1.06; 3816 timeupdate 1.2 P; 3816 pause 1.2 P`;
