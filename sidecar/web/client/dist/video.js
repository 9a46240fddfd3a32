/** Tells the client what a media element does. */
export function followVideo(sync, video, { resume = true } = {}) {
    const ending = new AbortController();
    let ownSeek = false;
    const report = (details) => sync.updateProgress(video.currentTime, video.duration, { playbackSpeed: video.playbackRate, ...details });
    const tick = () => {
        if (!video.seeking)
            report();
    };
    const on = {
        play: tick,
        ratechange: tick,
        timeupdate: tick,
        seeked: () => {
            if (ownSeek)
                ownSeek = false;
            else
                report({ seekEvents: 1 });
        },
        pause: () => {
            if (video.ended || video.seeking)
                return;
            report({ pauseEvents: 1 });
            sync.flush();
        },
        ended: () => {
            report();
            sync.flush();
        },
        loadedmetadata: goBack,
    };
    function goBack() {
        const { isLoading, progressSeconds } = sync.getState();
        if (!resume || isLoading || !(video.readyState > 0))
            return;
        resume = false;
        const part = progressSeconds / video.duration;
        if (video.currentTime < 1 && part > 0.05 && part < 0.9) {
            ownSeek = true;
            video.currentTime = progressSeconds;
        }
    }
    for (const event in on)
        video.addEventListener(event, on[event], ending);
    const unsubscribe = sync.subscribe(goBack);
    goBack();
    return () => {
        ending.abort();
        unsubscribe();
    };
}
