import type { IndicatorState, IndicatorStrings, IndicatorVariant } from "./indicator.js";
import type { ProgressState } from "./types.js";
export type { IndicatorState, IndicatorStrings, IndicatorVariant };
/** A client as the element needs it. */
export interface IndicatorSource {
    getState(): ProgressState;
    subscribe(listener: () => void): () => void;
    forceSync(): unknown;
}
declare const Base: {
    new (): HTMLElement;
    prototype: HTMLElement;
};
/**
 * `<progress-sync-indicator variant="full|compact|badge">`. Give it a client as
 * `progress`, or a `state`. Fires `force-sync`, which `preventDefault` keeps from
 * going to the client.
 */
export declare class ProgressSyncIndicatorElement extends Base {
    #private;
    static observedAttributes: string[];
    get progress(): IndicatorSource | undefined;
    set progress(source: IndicatorSource | undefined);
    get state(): IndicatorState;
    set state(state: IndicatorState);
    get strings(): Partial<IndicatorStrings>;
    /** Replaces the texts that are given. */
    set strings(strings: Partial<IndicatorStrings>);
    connectedCallback(): void;
    disconnectedCallback(): void;
    attributeChangedCallback(): void;
}
declare global {
    interface HTMLElementTagNameMap {
        "progress-sync-indicator": ProgressSyncIndicatorElement;
    }
}
