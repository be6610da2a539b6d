package people

import "context"

// Disable shuts a person out: his sessions end now, and neither password nor invitation opens anything.
func (p *People) Disable(ctx context.Context, a Act, id, why string) error {
	return p.change(ctx, change{Act: a, ID: id, What: disable, Reason: why})
}

// Enable lets a person in again, with the password he had.
func (p *People) Enable(ctx context.Context, a Act, id string) error {
	return p.change(ctx, change{Act: a, ID: id, What: enable})
}

// Unlock lets a person try again at once after too many failed logins.
func (p *People) Unlock(ctx context.Context, a Act, id string) error {
	return p.change(ctx, change{Act: a, ID: id, What: unlock})
}

// LogoutEverywhere ends all sessions of a person.
func (p *People) LogoutEverywhere(ctx context.Context, a Act, id string) error {
	return p.change(ctx, change{Act: a, ID: id, What: endAll})
}

func (p *People) change(ctx context.Context, c change) error {
	if !p.known(c.ID) {
		return ErrUnknown
	}
	_, err := p.do(ctx, kindState, c.At, c)
	return err
}
